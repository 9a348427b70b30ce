/** Keyset pages: opaque cursors that hold only for the list, the order and the caller they were made for. */
import { createHmac, timingSafeEqual } from 'node:crypto';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { invalid } from './errors.js';

const MAC_BYTES = 16;
export const PAGE_LIMIT = { default: 50, max: 100 } as const;
export const CURSOR_MAX_LENGTH = 4_000;

/** The sort key of a page's last row: what the next page begins after. */
export type CursorKey = readonly (string | number)[];

export class Cursors {
  /** @param keys the first one signs; the others are still accepted, while secrets rotate */
  constructor(private readonly keys: readonly [Buffer, ...Buffer[]]) {}

  /** @param scope names the list, its order and the caller; a cursor of another scope is refused */
  encode(scope: string, key: CursorKey): string {
    const payload = Buffer.from(JSON.stringify(key));
    return Buffer.concat([mac(this.keys[0], scope, payload), payload]).toString('base64url');
  }

  /**
   * @param parameter of the query that the cursor came in
   * @throws AppError `validation_failed` for a cursor that was not made by {@link encode} for this scope
   */
  decode(scope: string, cursor: string, parameter = 'cursor'): CursorKey {
    const bytes = Buffer.from(cursor, 'base64url');
    const payload = bytes.subarray(MAC_BYTES);
    const isOf = (key: Buffer): boolean => timingSafeEqual(mac(key, scope, payload), bytes.subarray(0, MAC_BYTES));
    const genuine = bytes.length > MAC_BYTES && this.keys.some(isOf);
    if (!genuine || bytes.toString('base64url') !== cursor) {
      throw invalid({
        pointer: `#/${parameter}`,
        code: 'invalid_cursor',
        detail: 'Take the cursor from the Link header of the page before, with the same sort.',
      });
    }
    return JSON.parse(payload.toString()) as CursorKey;
  }
}

function mac(key: Buffer, scope: string, payload: Buffer): Buffer {
  return createHmac('sha256', key).update(`${scope}\0`).update(payload).digest().subarray(0, MAC_BYTES);
}

/** One page of a list. */
export class Page<T> {
  constructor(
    readonly items: readonly T[],
    /** Cursor of the next page; undefined on the last one. */
    readonly next: string | undefined,
  ) {}

  /**
   * Cuts a page from rows that were fetched one beyond the limit.
   * @param cursorOf makes the cursor that begins after a row
   */
  static cut<T>(rows: readonly T[], limit: number, cursorOf: (last: T) => string): Page<T> {
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return new Page(items, rows.length > limit && last !== undefined ? cursorOf(last) : undefined);
  }

  /**
   * The body for the wire, a bare array. Sets `Link: <…>; rel="next"` (RFC 8288), a relative reference that keeps the
   * request's path and query.
   */
  present<U>(reply: FastifyReply, present: (item: T) => U): U[] {
    if (this.next !== undefined) void reply.header('link', linkToNext(reply.request, 'cursor', this.next));
    return this.items.map(present);
  }
}

/** @returns a Link header's value (RFC 8288): the request's own address, as its client sees it, with another cursor */
export function linkToNext(
  { prefix, url }: Pick<FastifyRequest, 'prefix' | 'url'>,
  parameter: string,
  cursor: string,
): string {
  // A query may have question marks of its own (RFC 3986 section 3.4).
  const [path = '', ...query] = url.split('?');
  const parameters = new URLSearchParams(query.join('?'));
  parameters.set(parameter, cursor);
  return `<${prefix}${path}?${parameters.toString()}>; rel="next"`;
}
