/** The SQL of counted guesses. Each statement commits before the password is compared. */
import type { EntityManager } from 'typeorm';

import { affected, type DeletedRows, one, raw, run, type Sql, sql } from '../../database/sql.js';
import { ADDRESS_KNOWN } from './known-addresses.query.js';

const GUESSES_REMEMBERED = sql`interval '24 hours'`;

const FREE = { pair: 5, account: 20 };
const LONGEST_PAUSE_SECONDS = 900;

const PAUSE_OF_PAIR = pauseFrom(FREE.pair);
/** Only an account locks (NIST SP 800-63B section 3.2.2); a pair of identifier and address only pauses. */
const PAUSE_OF_ACCOUNT = sql`CASE WHEN n >= 100 THEN interval '30 days' ELSE ${pauseFrom(FREE.account)} END`;

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
export function countGuess(manager: EntityManager, { pair, account, address }: GuessKeys): Promise<CountResult> {
  return one(
    manager,
    sql`WITH t AS (SELECT clock_timestamp() AS now),
             known AS (SELECT FROM known_addresses, t WHERE id = ANY(${address}::bytea[]) AND seen_at > now - ${ADDRESS_KNOWN}),
             open AS (SELECT now FROM t WHERE EXISTS (SELECT FROM known)
                         OR NOT EXISTS (SELECT FROM login_failures WHERE id = ${account} AND blocked_until > now)),
             pair AS (${upsert(pair, sql`open`, PAUSE_OF_PAIR)}),
             account AS (${upsert(account, sql`t, pair WHERE NOT EXISTS (SELECT FROM known)`, PAUSE_OF_ACCOUNT)})
        SELECT (SELECT count FROM pair) AS pair, (SELECT count FROM account) AS account,
               EXISTS (SELECT FROM known) AS known`,
  );
}

function upsert(id: Buffer, from: Sql, pause: Sql): Sql {
  return sql`
    INSERT INTO login_failures AS f (id, count, counted_at) SELECT ${id}, 1, now FROM ${from}
    ON CONFLICT (id) DO UPDATE SET (count, counted_at, blocked_until) = (
       SELECT n, EXCLUDED.counted_at, EXCLUDED.counted_at + ${pause}
         FROM (SELECT CASE WHEN f.counted_at > EXCLUDED.counted_at - ${GUESSES_REMEMBERED} THEN f.count + 1 ELSE 1 END AS n) x)
     WHERE f.blocked_until IS NULL OR f.blocked_until <= EXCLUDED.counted_at
    RETURNING count`;
}

function pauseFrom(free: number): Sql {
  return raw(
    `CASE WHEN n >= ${free} THEN least(${LONGEST_PAUSE_SECONDS}, 2 ^ least(n - ${free}, 30)) * interval '1 s' END`,
  );
}

export async function clearPair(manager: EntityManager, keys: GuessKeys, counted: CountResult): Promise<void> {
  await run(
    manager,
    sql`WITH pair AS (DELETE FROM login_failures WHERE id = ${keys.pair} RETURNING id)
        ${takeBack({ id: keys.account, count: counted.account, free: FREE.account })} AND (SELECT count(*) FROM pair) >= 0`,
  );
}

export async function takeGuessBack(manager: EntityManager, keys: GuessKeys, counted: CountResult): Promise<void> {
  await run(
    manager,
    sql`WITH pair AS (${takeBack({ id: keys.pair, count: counted.pair, free: FREE.pair })} RETURNING id)
        ${takeBack({ id: keys.account, count: counted.account, free: FREE.account })} AND (SELECT count(*) FROM pair) >= 0`,
  );
}

/** A later guess keeps its pause: only the latest guess may lift the block that it set. */
function takeBack({ id, count, free }: { id: Buffer; count: number | null; free: number }): Sql {
  return sql`
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
  const { seconds, told } = await one<{ seconds: number | null; told: boolean | null }>(
    manager,
    sql`SELECT ceil(extract(epoch FROM max(blocked_until) - max(now)))::int AS seconds,
               bool_and(told_until IS NOT DISTINCT FROM blocked_until) AS told
          FROM login_failures, (SELECT statement_timestamp() AS now) t
         WHERE id = ANY(${ids}::bytea[]) AND blocked_until > now`,
  );
  return { seconds: seconds ?? 1, told: told ?? true };
}

/** Lock order: by id, as for a guess. @returns false when another request recorded the pause meanwhile */
export async function markPauseTold(tx: EntityManager, ids: readonly Buffer[]): Promise<boolean> {
  const told = await affected(
    tx,
    sql`WITH untold AS (
          SELECT id FROM login_failures, (SELECT clock_timestamp() AS now) t
           WHERE id = ANY(${ids}::bytea[]) AND blocked_until > now AND told_until IS DISTINCT FROM blocked_until
           ORDER BY array_position(${ids}::bytea[], id) FOR NO KEY UPDATE OF login_failures
        )
        UPDATE login_failures f SET told_until = blocked_until FROM untold WHERE f.id = untold.id`,
  );
  return told > 0;
}

export async function deleteCounters(manager: EntityManager, ids: readonly Buffer[]): Promise<void> {
  await run(manager, sql`DELETE FROM login_failures WHERE id = ANY(${ids}::bytea[])`);
}

export const DEAD_FAILURES: DeletedRows = {
  table: 'login_failures',
  where: sql`counted_at < statement_timestamp() - ${GUESSES_REMEMBERED}
             AND (blocked_until IS NULL OR blocked_until < statement_timestamp())`,
};
