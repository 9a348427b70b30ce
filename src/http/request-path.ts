import type { FastifyRequest } from 'fastify';

import { originForm } from './hardening.js';

const PATH_MAX_LENGTH = 256;
const MISPLACED_TOKEN = /roost_pat_\w+/g;

export function requestPath({ originalUrl }: FastifyRequest): string {
  const url = originForm(originalUrl);
  const end = url.indexOf('?');
  const path = url.slice(0, Math.min(end === -1 ? url.length : end, PATH_MAX_LENGTH));
  return path.replace(MISPLACED_TOKEN, '…');
}
