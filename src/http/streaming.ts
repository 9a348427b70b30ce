/** Routes whose answers are streams, and may take longer than the time of a handler. */
import type { CustomDecorator } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { RouteOptions } from 'fastify';

/** The reader sets the pace; app.ts sets the limit. */
export const Streaming = (): CustomDecorator => RouteConfig({ streaming: true });

export function isStreaming({ config }: RouteOptions): boolean {
  return config !== undefined && 'streaming' in config;
}
