/** The only body parser: strict JSON in UTF-8, bounded in depth (deep bodies exhaust the stack, nestjs/nest#17801). */
import { isUtf8 } from 'node:buffer';

import type { FastifyInstance } from 'fastify';

import { AppError } from '../../common/errors.js';

export const BODY_LIMIT_BYTES = 100_000;
const MAX_DEPTH = 32;
export function acceptOnlyJson(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(/^application\/json/i, { parseAs: 'buffer' }, (request, body, done) => {
    try {
      const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
      if (!isJson(type) || encoding !== 'identity') throw new AppError('unsupported_media_type');
      done(null, parseJson(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  // `curl -X POST -d ''` declares a form type without a body.
  fastify.addContentTypeParser('*', ({ headers }, _body, done) => {
    if (headers['content-length'] === '0') done(null);
    else done(new AppError('unsupported_media_type'));
  });
}

/** Parameters mean nothing for JSON (RFC 8259 section 11); a character set could contradict it. */
function isJson(type: string): boolean {
  if (type === 'application/json') return true;
  const [media, ...parameters] = type
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const isHarmless = (text: string): boolean =>
    text === '' || /^charset="?utf-?8"?$/.test(text) || /^(?!charset=)[\w.+-]+=(?:[\w.:/+-]+|"[^"]*")$/.test(text);
  return media === 'application/json' && parameters.every(isHarmless);
}

export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  if (!isUtf8(body)) throw new AppError('malformed_json');
  const text = body.toString();
  if (depth(text) > MAX_DEPTH) throw new AppError('json_too_deep');
  try {
    if (text.startsWith('\uFEFF')) throw new SyntaxError('byte order mark');
    // JSON.parse keeps __proto__ as an own property, which the validation pipe refuses by name.
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new AppError('malformed_json', { cause: error });
  }
}

function depth(json: string): number {
  let open = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (inString) {
      if (character === '\\') at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') deepest = Math.max(deepest, (open += 1));
    else if (character === '}' || character === ']') open -= 1;
  }
  return deepest;
}
