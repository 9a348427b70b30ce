/** Keyset pages: opaque cursors, valid for one list, order and caller only. */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { invalid } from './errors.js';

const MAC_BYTES = 16;
export const PAGE_LIMIT = { default: 50, max: 100 } as const;
export const CURSOR_MAX_LENGTH = 4_000;

export type CursorKey = readonly (string | number)[];

export class Cursors {
  private readonly keys: readonly [KeyObject, ...KeyObject[]];

  constructor([newest, ...others]: readonly [Buffer, ...Buffer[]]) {
    this.keys = [createSecretKey(newest), ...others.map((key) => createSecretKey(key))];
  }

  encode(scope: string, key: CursorKey): string {
    const payload = Buffer.from(JSON.stringify(key));
    return Buffer.concat([mac(this.keys[0], scope, payload), payload]).toString('base64url');
  }

  decode(scope: string, cursor: string, parameter = 'cursor'): CursorKey {
    const bytes = Buffer.from(cursor, 'base64url');
    const payload = bytes.subarray(MAC_BYTES);
    const isOf = (key: KeyObject): boolean => timingSafeEqual(mac(key, scope, payload), bytes.subarray(0, MAC_BYTES));
    const genuine = bytes.length > MAC_BYTES && this.keys.some(isOf);
    if (!genuine || bytes.toString('base64url') !== cursor) {
      throw invalid({
        pointer: `#/${parameter}`,
        in: 'query',
        code: 'invalid_cursor',
        detail: 'Take the cursor from the Link header of the previous page, with the same sort.',
      });
    }
    return JSON.parse(payload.toString()) as CursorKey;
  }
}

function mac(key: KeyObject, scope: string, payload: Buffer): Buffer {
  return createHmac('sha256', key).update(`${scope}\0`).update(payload).digest().subarray(0, MAC_BYTES);
}

export class Page<T> {
  constructor(
    readonly items: readonly T[],
    readonly next: string | undefined,
  ) {}

  static cut<T>(rows: readonly T[], limit: number, cursorOf: (last: T) => string): Page<T> {
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return new Page(items, rows.length > limit && last !== undefined ? cursorOf(last) : undefined);
  }

  /** Sets `Link: <…>; rel="next"` (RFC 8288), relative, with the request's path and query. */
  present<U>(reply: FastifyReply, present: (item: T) => U): U[] {
    if (this.next !== undefined) addLink(reply, linkToNext(reply.request, 'cursor', this.next));
    return this.items.map(present);
  }
}

export function addLink(reply: FastifyReply, link: string): void {
  const others = reply.getHeader('link');
  void reply.header('link', others === undefined ? link : `${String(others)}, ${link}`);
}

export function linkToNext(
  { prefix, url }: Pick<FastifyRequest, 'prefix' | 'url'>,
  parameter: string,
  cursor: string,
): string {
  const [path = '', ...query] = url.split('?');
  const parameters = new URLSearchParams(query.join('?'));
  parameters.set(parameter, cursor);
  return `<${prefix}${path}?${parameters.toString()}>; rel="next"`;
}
