import type { CustomDecorator } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { RouteOptions } from 'fastify';

export const Streaming = (): CustomDecorator => RouteConfig({ streaming: true });

export function isStreaming({ config }: RouteOptions): boolean {
  return config !== undefined && 'streaming' in config;
}
