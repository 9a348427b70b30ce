import type { CustomDecorator } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';

export const Streaming = (): CustomDecorator => RouteConfig({ streaming: true });

export function isStreaming({ config }: { readonly config?: object }): boolean {
  return config !== undefined && 'streaming' in config;
}
