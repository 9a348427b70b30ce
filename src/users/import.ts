/** Imports the users of another system with their password hashes: `npm run users:import`. */
import bcrypt from 'bcrypt';

import { Random } from '../common/random.js';
import { parseTimestamp } from '../common/timestamps.js';
import type { Sql } from '../database/sql.js';
import { canonicalEmail } from './email.js';
import { isUsername } from './fields.js';
import { parseHash } from '../auth/hashing/bcrypt-hash.js';
import { analyzeUsers, insertUsers, type ImportedUser } from './import.query.js';

/** A cost of 31 would occupy a core for a day. */
const COST = { min: 4, max: 15 };
const BATCH = 1_000;
const MOST_ROUNDS = 1_000 * 2 ** 12;
const NOT_UTF8 =
  'the file is not UTF-8: convert it first, as with iconv -f UTF-16 -t UTF-8; nothing more of it is read';
const CLAIMED =
  'email: belongs to an account that never confirmed it; the owner of the mailbox can take that account over with a password reset';
const FIELDS = new Set(['email', 'username', 'hashed_password', 'created_at', 'email_confirmed']);

export interface RefusedLine {
  readonly line: number;
  readonly reason: string;
}

export interface ImportCounts {
  readonly lines: number;
  readonly imported: number;
  readonly present: number;
  readonly refused: number;
}

export interface ImportOptions {
  readonly query: (statement: Sql) => Promise<{ rows: unknown[] }>;
  readonly now: Date;
  readonly mostRounds?: number;
  readonly onRefused: (refused: RefusedLine) => void;
  readonly onProgress: (counts: ImportCounts) => void;
}

/** One user per line (JSON), in committed batches. Skips existing accounts, so an import can be repeated. */
export async function importUsers(lines: AsyncIterable<string>, options: ImportOptions): Promise<ImportCounts> {
  const random = new Random();
  const counts = { lines: 0, imported: 0, present: 0, refused: 0 };
  const findEmpty = emptyPasswordFinder(options.mostRounds ?? MOST_ROUNDS);
  let batch = new Map<string, { line: number; user: ImportedUser }>();
  const refuse = (line: number, reason: string): void => {
    counts.refused += 1;
    options.onRefused({ line, reason });
  };
  const flush = async (): Promise<void> => {
    const empty = await findEmpty([...batch.values()].map(({ user }) => user));
    for (const email of empty) {
      refuse(batch.get(email)?.line ?? 0, 'hashed_password: is the hash of an empty password');
      batch.delete(email);
    }
    const users = [...batch.values()];
    const outcome = await insertUsers(
      options.query,
      users.map(({ user }) => user),
    );
    for (const { line, user } of users) {
      if (outcome.imported.has(user.email)) counts.imported += 1;
      else if (outcome.claimed.has(user.email)) refuse(line, CLAIMED);
      else if (outcome.present.has(user.email)) counts.present += 1;
      else refuse(line, 'username: belongs to another account');
    }
    batch = new Map();
    options.onProgress({ ...counts });
  };
  for await (const text of lines) {
    counts.lines += 1;
    if (text.trim() === '') continue;
    const line = counts.lines === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (counts.lines === 1 && isOtherEncoding(line)) {
      refuse(1, NOT_UTF8);
      break;
    }
    const read = readUser(line, options.now, random);
    if (typeof read === 'string') refuse(counts.lines, read);
    else if (batch.has(read.email)) refuse(counts.lines, 'email: is also in an earlier line');
    else batch.set(read.email, { line: counts.lines, user: read });
    if (batch.size === BATCH) await flush();
  }
  await flush();
  if (counts.imported > 0) await analyzeUsers(options.query);
  return counts;
}

/** Each comparison costs a login, so only a minute's worth is compared: an empty password never logs in anyway. */
function emptyPasswordFinder(mostRounds: number): (users: readonly ImportedUser[]) => Promise<Set<string>> {
  let rounds = mostRounds;
  return async (users) => {
    const empty = new Set<string>();
    await Promise.all(
      users.map(async ({ email, hashedPassword }) => {
        const hash = parseHash(hashedPassword);
        if (!hash || (rounds -= 2 ** hash.cost) < 0) return;
        if (await bcrypt.compare('', hash.comparable)) empty.add(email);
      }),
    );
    return empty;
  };
}

/** UTF-16 or UTF-32: read as UTF-8, every other byte is NUL, or the byte order mark is broken. */
function isOtherEncoding(text: string): boolean {
  return /[\0\uFFFD]/.test(text.slice(0, 4));
}

/** @returns the reason of a refusal, never with the line's content: it holds a password hash */
function readUser(text: string, now: Date, random: Random): ImportedUser | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is not a JSON object';
  const unknown = Object.keys(value).find((name) => !FIELDS.has(name));
  if (unknown !== undefined) return `${JSON.stringify(unknown.slice(0, 50))}: is not a known field`;
  const { email, username, hashed_password, created_at, email_confirmed = false } = value as Record<string, unknown>;
  const canonical = typeof email === 'string' ? canonicalEmail(email) : undefined;
  if (canonical === undefined) return 'email: must be an e-mail address';
  if (username !== undefined && username !== null && !isUsername(username))
    return 'username: must have 3 to 30 letters, digits and _, and not be reserved';
  const hash = typeof hashed_password === 'string' ? parseHash(hashed_password) : undefined;
  if (!hash) return 'hashed_password: must be a bcrypt hash ($2a$, $2b$ or $2y$)';
  if (hash.cost < COST.min || hash.cost > COST.max)
    return `hashed_password: its cost must be from ${COST.min} to ${COST.max}`;
  const createdAt = created_at === undefined || created_at === null ? now : readTime(created_at);
  if (!createdAt || createdAt > now) return 'created_at: must be a time of the past as in 2024-01-31T08:09:10Z';
  if (typeof email_confirmed !== 'boolean') return 'email_confirmed: must be true or false';
  return {
    email: canonical,
    username: username ?? `user_${random.bytes(10).toString('hex')}`,
    hashedPassword: hashed_password as string,
    createdAt,
    emailConfirmed: email_confirmed,
  };
}

function readTime(value: unknown): Date | undefined {
  return typeof value === 'string' ? parseTimestamp(value) : undefined;
}
