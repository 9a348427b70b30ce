import type { EntityManager } from 'typeorm';

import { type DeletedRows, empty, one, rows, run, sql, utcText } from '../database/sql.js';
import type { MailKind } from './templates.js';

export interface NewMailRow {
  readonly id: string;
  readonly kind: MailKind;
  readonly addressKey: Buffer;
  readonly recipient: string | null;
  readonly userId: string | null;
  readonly sealed: Buffer;
  readonly keyId: Buffer;
  readonly due: boolean;
}

export async function insertMail(tx: EntityManager, mail: NewMailRow): Promise<void> {
  await run(
    tx,
    sql`INSERT INTO mails (id, kind, address_key, recipient, user_id, sealed, key_id, created_at, next_attempt_at)
        VALUES (${mail.id}, ${mail.kind}, ${mail.addressKey}, ${mail.recipient}, ${mail.userId}, ${mail.sealed},
                ${mail.keyId}, clock_timestamp(), CASE WHEN ${mail.due}::boolean THEN clock_timestamp() END)`,
  );
}

/** Serialises requests for one address, with or without an account. */
export async function lockAddress(tx: EntityManager, addressKey: Buffer): Promise<void> {
  await run(tx, sql`SELECT pg_advisory_xact_lock(${addressKey.readBigInt64BE().toString()}::bigint)`);
}

export interface MailCount {
  readonly addressKey: Buffer;
  readonly kind: MailKind;
}

export async function selectMailPause(
  tx: EntityManager,
  { addressKey, kind, anHour, aDay }: MailCount & { anHour: number; aDay: number },
): Promise<number> {
  const { seconds } = await one<{ seconds: number }>(
    tx,
    sql`WITH recent AS (
          SELECT array_agg(created_at ORDER BY created_at DESC) AS times
            FROM mails WHERE address_key = ${addressKey} AND kind = ${kind} AND created_at > statement_timestamp() - interval '1 day')
        SELECT ceil(greatest(0,
                 extract(epoch FROM times[1] + interval '1 minute' - statement_timestamp()),
                 extract(epoch FROM times[${anHour}::int] + interval '1 hour' - statement_timestamp()),
                 extract(epoch FROM times[${aDay}::int] + interval '1 day' - statement_timestamp())
               ))::int AS seconds
          FROM recent`,
  );
  return seconds;
}

export async function countMailsOfDay(tx: EntityManager, { addressKey, kind }: MailCount): Promise<number> {
  const { mails } = await one<{ mails: number }>(
    tx,
    sql`SELECT count(*)::int AS mails
          FROM mails WHERE address_key = ${addressKey} AND kind = ${kind} AND created_at > statement_timestamp() - interval '1 day'`,
  );
  return mails;
}

export interface DueMail {
  readonly id: string;
  readonly kind: MailKind;
  readonly recipient: string;
  readonly sealed: Buffer;
  readonly createdAt: Date;
  readonly attempts: number;
  readonly isOld: boolean;
}

export interface DueMails {
  readonly mails: readonly DueMail[];
  readonly nextMs: number | null;
  /** Whether a mail of another key is overdue: no instance seems to have that key. */
  readonly leavesOverdue: boolean;
}

type FoundMail = (DueMail | { readonly id: null }) & Omit<DueMails, 'mails'>;

export interface Taking {
  readonly limit: number;
  readonly leaseMs: number;
  /** Mails of other keys are left to other instances until they are as old as this. */
  readonly keyIds: readonly Buffer[];
  readonly oldMs: number;
  readonly overdueMs: number;
}

/** Leases due mails: the next attempt is set already, so a crashed instance loses none. */
export async function takeDueMails(
  manager: EntityManager,
  { limit, leaseMs, keyIds, oldMs, overdueMs }: Taking,
): Promise<DueMails> {
  const old = sql`created_at <= statement_timestamp() - ${oldMs} * interval '1 ms'`;
  // The version before wrote no key.
  const ours = sql`(key_id IS NULL OR key_id = ANY(${keyIds}::bytea[]))`;
  const found = (await rows<FoundMail>(
    manager,
    sql`WITH due AS (
          SELECT id FROM mails WHERE next_attempt_at <= statement_timestamp() AND (${ours} OR ${old})
           ORDER BY next_attempt_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
        ), taken AS (
          UPDATE mails m SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + ${leaseMs} * interval '1 ms'
            FROM due WHERE m.id = due.id RETURNING m.*
        )
        SELECT (SELECT extract(epoch FROM min(next_attempt_at) - statement_timestamp())::float8 * 1000
                  FROM mails WHERE next_attempt_at > statement_timestamp() AND ${ours}) AS "nextMs",
               (SELECT count(*) FROM taken) < ${limit} AND EXISTS (SELECT FROM mails WHERE next_attempt_at <= statement_timestamp() - ${overdueMs} * interval '1 ms'
                                           AND NOT ${ours} AND NOT ${old}) AS "leavesOverdue",
               id, kind, recipient, sealed, created_at AS "createdAt", attempts, ${old} AS "isOld"
          FROM (VALUES (1)) one LEFT JOIN taken ON true ORDER BY created_at, id`,
  )) as [FoundMail, ...FoundMail[]];
  const [{ nextMs, leavesOverdue }] = found;
  return { mails: found.flatMap((mail) => (mail.id === null ? [] : [mail])), nextMs, leavesOverdue };
}

export interface WaitingMails {
  readonly mails: number;
  readonly seconds: number | null;
}

export function countWaitingMails(manager: EntityManager, atMost: number): Promise<WaitingMails> {
  return one(
    manager,
    sql`SELECT count(*)::int AS mails, extract(epoch FROM statement_timestamp() - min(created_at))::float8 AS seconds
          FROM (SELECT created_at FROM mails WHERE next_attempt_at IS NOT NULL ORDER BY next_attempt_at LIMIT ${atMost}) waiting`,
  );
}

/** Unconditional: a sent mail stays sent, even if another instance has taken the lease. */
export async function recordSent(manager: EntityManager, id: string): Promise<void> {
  await run(
    manager,
    sql`UPDATE mails SET sent_at = clock_timestamp(), sealed = NULL, next_attempt_at = NULL, given_up_at = NULL, last_error = NULL
         WHERE id = ${id} AND sent_at IS NULL`,
  );
}

export interface FailedAttempt {
  readonly id: string;
  readonly attempts: number;
  readonly reason: string;
  readonly retryMs: number | undefined;
}

export async function recordFailure(
  manager: EntityManager,
  { id, attempts, reason, retryMs }: FailedAttempt,
): Promise<void> {
  const next =
    retryMs === undefined
      ? sql`next_attempt_at = NULL, given_up_at = clock_timestamp(), sealed = NULL`
      : sql`next_attempt_at = clock_timestamp() + ${retryMs} * interval '1 ms'`;
  await run(
    manager,
    sql`UPDATE mails SET last_error = ${reason}, ${next}
         WHERE id = ${id} AND attempts = ${attempts} AND sent_at IS NULL AND given_up_at IS NULL`,
  );
}

export interface KeptMail {
  readonly id: string;
  readonly recipient: string;
  readonly sealed: Buffer;
  readonly createdAt: string;
}

export function selectKeptMails(
  manager: EntityManager,
  { recipient, limit }: { recipient: string | undefined; limit: number },
): Promise<KeptMail[]> {
  const only = recipient === undefined ? empty : sql`AND recipient = ${recipient}`;
  return rows(
    manager,
    sql`SELECT id, recipient, sealed, ${utcText('created_at')} AS "createdAt"
          FROM mails WHERE sealed IS NOT NULL AND recipient IS NOT NULL ${only}
         ORDER BY mails.created_at DESC, id LIMIT ${limit}`,
  );
}

export const DEAD_DECOYS: DeletedRows = {
  table: 'mails',
  where: sql`recipient IS NULL AND created_at < statement_timestamp() - interval '1 day'`,
};

export const DEAD_MAILS: DeletedRows = {
  table: 'mails',
  where: sql`created_at < statement_timestamp() - interval '30 days'`,
};

/** Erases mails about an account, to any of its addresses, and mails of others to its address. Those of the last day become
 * nameless decoys: else registering and deleting in a loop would evade the mail cap. An attempt under way matches none. */
export async function eraseMails(tx: EntityManager, userId: string, limit: number): Promise<number> {
  const { erased } = await one<{ erased: number }>(
    tx,
    sql`WITH found AS (
          SELECT id, created_at > statement_timestamp() - interval '1 day' AS counted FROM mails
           WHERE user_id = ${userId} OR recipient = (SELECT email FROM users WHERE id = ${userId}) LIMIT ${limit}
        ), gone AS (
          DELETE FROM mails m USING found WHERE m.id = found.id AND NOT counted
        ), kept AS (
          UPDATE mails m SET recipient = NULL, user_id = NULL, sealed = NULL, attempts = 0, next_attempt_at = NULL,
                             sent_at = NULL, given_up_at = NULL, last_error = NULL
            FROM found WHERE m.id = found.id AND counted
        ) SELECT count(*)::int AS erased FROM found`,
  );
  return erased;
}
