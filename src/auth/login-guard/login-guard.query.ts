/** The SQL of counted guesses. Each statement commits before the password is compared. */
import type { EntityManager } from 'typeorm';

import type { DeadRows } from '../../database/cleanup/cleanup.query.js';
import { ADDRESS_KNOWN } from './known-addresses.query.js';

export const GUESSES_REMEMBERED = `interval '24 hours'`;

const FREE = { pair: 5, account: 20 };
/** Only an account locks (NIST SP 800-63B section 3.2.2); a pair of identifier and address only pauses. */
const LOCKED = { from: 100, pause: `interval '30 days'` };
const LONGEST_PAUSE_SECONDS = 900;

export interface GuessKeys {
  readonly pair: Buffer;
  readonly account: Buffer;
  readonly address: readonly Buffer[];
}

export interface CountResult {
  readonly pair: number | null;
  readonly account: number | null;
  readonly known: boolean;
}

/** Lock order: pair, then account, which serialises guesses. One that the pair blocks does not count for accounts. */
export async function countGuess(manager: EntityManager, { pair, account, address }: GuessKeys): Promise<CountResult> {
  const [counted]: [CountResult] = await manager.query(
    `WITH t AS (SELECT clock_timestamp() AS now),
          known AS (SELECT FROM known_addresses, t WHERE id = ANY($3::bytea[]) AND seen_at > now - ${ADDRESS_KNOWN}),
          open AS (SELECT now FROM t WHERE EXISTS (SELECT FROM known)
                      OR NOT EXISTS (SELECT FROM login_failures WHERE id = $2 AND blocked_until > now)),
          pair AS (${upsert('$1', 'open', pauseFrom(FREE.pair))}),
          account AS (${upsert('$2', 't, pair WHERE NOT EXISTS (SELECT FROM known)', pauseOfAccount())})
     SELECT (SELECT count FROM pair) AS pair, (SELECT count FROM account) AS account,
            EXISTS (SELECT FROM known) AS known`,
    [pair, account, address],
  );
  return counted;
}

function upsert(id: string, from: string, pause: string): string {
  return `
    INSERT INTO login_failures AS f (id, count, counted_at) SELECT ${id}, 1, now FROM ${from}
    ON CONFLICT (id) DO UPDATE SET (count, counted_at, blocked_until) = (
       SELECT n, EXCLUDED.counted_at, EXCLUDED.counted_at + ${pause}
         FROM (SELECT CASE WHEN f.counted_at > EXCLUDED.counted_at - ${GUESSES_REMEMBERED} THEN f.count + 1 ELSE 1 END AS n) x)
     WHERE f.blocked_until IS NULL OR f.blocked_until <= EXCLUDED.counted_at
    RETURNING count`;
}

function pauseFrom(free: number): string {
  return `CASE WHEN n >= ${free} THEN least(${LONGEST_PAUSE_SECONDS}, 2 ^ least(n - ${free}, 30)) * interval '1 s' END`;
}

function pauseOfAccount(): string {
  return `CASE WHEN n >= ${LOCKED.from} THEN ${LOCKED.pause} ELSE ${pauseFrom(FREE.account)} END`;
}

export async function clearPair(manager: EntityManager, keys: GuessKeys, counted: CountResult): Promise<void> {
  await manager.query(
    `WITH pair AS (DELETE FROM login_failures WHERE id = $1 RETURNING id)
     ${takeBack({ id: '$2', count: '$3', free: FREE.account })} AND (SELECT count(*) FROM pair) >= 0`,
    [keys.pair, keys.account, counted.account],
  );
}

export async function takeGuessBack(manager: EntityManager, keys: GuessKeys, counted: CountResult): Promise<void> {
  await manager.query(
    `WITH pair AS (${takeBack({ id: '$1', count: '$2', free: FREE.pair })} RETURNING id)
     ${takeBack({ id: '$3', count: '$4', free: FREE.account })} AND (SELECT count(*) FROM pair) >= 0`,
    [keys.pair, counted.pair, keys.account, counted.account],
  );
}

/** A later guess keeps its pause: only the latest guess may lift the block that it set. */
function takeBack({ id, count, free }: { id: string; count: string; free: number }): string {
  return `
    UPDATE login_failures
       SET count = greatest(count - 1, 0),
           blocked_until = CASE WHEN count <= ${free} OR count = ${count}::int THEN NULL ELSE blocked_until END
     WHERE id = ${id} AND ${count}::int IS NOT NULL`;
}

export interface Pause {
  readonly seconds: number;
  readonly told: boolean;
}

export async function selectPause(manager: EntityManager, ids: readonly Buffer[]): Promise<Pause> {
  const [{ seconds, told }]: [{ seconds: number | null; told: boolean | null }] = await manager.query(
    `SELECT ceil(extract(epoch FROM max(blocked_until) - max(now)))::int AS seconds,
            bool_and(told_until IS NOT DISTINCT FROM blocked_until) AS told
       FROM login_failures, (SELECT statement_timestamp() AS now) t
      WHERE id = ANY($1::bytea[]) AND blocked_until > now`,
    [ids],
  );
  return { seconds: seconds ?? 1, told: told ?? true };
}

/** Lock order: by id, as for a guess. @returns false when another request recorded the pause meanwhile */
export async function markPauseTold(tx: EntityManager, ids: readonly Buffer[]): Promise<boolean> {
  const rows: unknown[] = await tx.query(
    `WITH untold AS (
       SELECT id FROM login_failures, (SELECT clock_timestamp() AS now) t
        WHERE id = ANY($1::bytea[]) AND blocked_until > now AND told_until IS DISTINCT FROM blocked_until
        ORDER BY array_position($1::bytea[], id) FOR NO KEY UPDATE OF login_failures
     ), told AS (UPDATE login_failures f SET told_until = blocked_until FROM untold WHERE f.id = untold.id RETURNING 1)
     SELECT FROM told`,
    [ids],
  );
  return rows.length > 0;
}

export async function deleteCounters(manager: EntityManager, ids: readonly Buffer[]): Promise<void> {
  await manager.query('DELETE FROM login_failures WHERE id = ANY($1::bytea[])', [ids]);
}

export const DEAD_FAILURES: DeadRows = {
  table: 'login_failures',
  condition: `counted_at < statement_timestamp() - ${GUESSES_REMEMBERED} AND (blocked_until IS NULL OR blocked_until < statement_timestamp())`,
};
