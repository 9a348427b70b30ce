/** The SQL of the outbox. Times are the database's, moved by the clock's offset: always $1. */
import type { EntityManager } from 'typeorm';

import type { DeadRows } from '../database/cleanup/cleanup.query.js';
import { utcText } from '../common/timestamps.js';
import type { MailKind } from './templates.js';
import { NOW, NOW_EXACTLY } from '../database/sql.js';

export interface NewMailRow {
  readonly id: string;
  readonly kind: MailKind;
  readonly addressKey: Buffer;
  readonly recipient: string | null;
  readonly userId: string | null;
  readonly sealed: Buffer;
  readonly due: boolean;
}

export async function insertMail(tx: EntityManager, mail: NewMailRow, offsetMs: number): Promise<void> {
  await tx.query(
    `INSERT INTO mails (id, kind, address_key, recipient, user_id, sealed, created_at, next_attempt_at)
     VALUES ($2, $3, $4, $5, $6, $7, ${NOW_EXACTLY}, CASE WHEN $8::boolean THEN ${NOW_EXACTLY} END)`,
    [offsetMs, mail.id, mail.kind, mail.addressKey, mail.recipient, mail.userId, mail.sealed, mail.due],
  );
}

/** Serialises requests for one address, with or without an account. */
export async function lockAddress(tx: EntityManager, addressKey: Buffer): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1::bigint)', [addressKey.readBigInt64BE().toString()]);
}

export interface MailCount {
  readonly addressKey: Buffer;
  readonly kind: MailKind;
  readonly offsetMs: number;
}

export async function selectMailPause(
  tx: EntityManager,
  { addressKey, kind, offsetMs, anHour, aDay }: MailCount & { anHour: number; aDay: number },
): Promise<number> {
  const [{ seconds }]: [{ seconds: number }] = await tx.query(
    `WITH recent AS (
       SELECT array_agg(created_at ORDER BY created_at DESC) AS times
         FROM mails WHERE address_key = $2 AND kind = $3 AND created_at > ${NOW} - interval '1 day')
     SELECT ceil(greatest(0,
              extract(epoch FROM times[1] + interval '1 minute' - ${NOW}),
              extract(epoch FROM times[$4::int] + interval '1 hour' - ${NOW}),
              extract(epoch FROM times[$5::int] + interval '1 day' - ${NOW})
            ))::int AS seconds
       FROM recent`,
    [offsetMs, addressKey, kind, anHour, aDay],
  );
  return seconds;
}

export async function countMailsOfDay(tx: EntityManager, { addressKey, kind, offsetMs }: MailCount): Promise<number> {
  const [{ mails }]: [{ mails: number }] = await tx.query(
    `SELECT count(*)::int AS mails
       FROM mails WHERE address_key = $2 AND kind = $3 AND created_at > ${NOW} - interval '1 day'`,
    [offsetMs, addressKey, kind],
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

/** Leases due mails: the next attempt is set already, so a crashed instance loses none. */
export function takeDueMails(
  manager: EntityManager,
  { limit, leaseMs, oldMs, offsetMs }: { limit: number; leaseMs: number; oldMs: number; offsetMs: number },
): Promise<DueMail[]> {
  return manager.query(
    `WITH due AS (
       SELECT id FROM mails WHERE next_attempt_at <= ${NOW} ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
     ), taken AS (
       UPDATE mails m SET attempts = attempts + 1, next_attempt_at = ${NOW_EXACTLY} + $3 * interval '1 ms'
         FROM due WHERE m.id = due.id RETURNING m.*
     )
     SELECT id, kind, recipient, sealed, created_at AS "createdAt", attempts,
            created_at <= ${NOW} - $4 * interval '1 ms' AS "isOld"
       FROM taken ORDER BY created_at, id`,
    [offsetMs, limit, leaseMs, oldMs],
  );
}

/** Unconditional: a sent mail stays sent, even if another instance has taken the lease. */
export async function recordSent(manager: EntityManager, { id }: { id: string }, offsetMs: number): Promise<void> {
  await manager.query(
    `UPDATE mails SET sent_at = ${NOW_EXACTLY}, sealed = NULL, next_attempt_at = NULL, given_up_at = NULL, last_error = NULL
      WHERE id = $2 AND sent_at IS NULL`,
    [offsetMs, id],
  );
}

export interface FailedAttempt {
  readonly id: string;
  readonly attempts: number;
  readonly reason: string;
  readonly retryMs: number | undefined;
}

/** Only while this instance holds the lease. */
export async function recordFailure(manager: EntityManager, failed: FailedAttempt, offsetMs: number): Promise<void> {
  await manager.query(
    `UPDATE mails
        SET last_error = $4, next_attempt_at = ${NOW_EXACTLY} + $5::float8 * interval '1 ms',
            given_up_at = CASE WHEN $5::float8 IS NULL THEN ${NOW_EXACTLY} END,
            sealed = CASE WHEN $5::float8 IS NOT NULL THEN sealed END
      WHERE id = $2 AND attempts = $3 AND sent_at IS NULL AND given_up_at IS NULL`,
    [offsetMs, failed.id, failed.attempts, failed.reason, failed.retryMs ?? null],
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
  return manager.query(
    `SELECT id, recipient, sealed, ${utcText('created_at')} AS "createdAt"
       FROM mails WHERE sealed IS NOT NULL AND recipient IS NOT NULL AND ($1::text IS NULL OR recipient = $1)
      ORDER BY mails.created_at DESC, id LIMIT $2`,
    [recipient ?? null, limit],
  );
}

/** Decoys only need to outlive the daily cap. */
export const DEAD_DECOYS: DeadRows = {
  table: 'mails',
  condition: `recipient IS NULL AND created_at < ${NOW} - interval '1 day'`,
};

export const DEAD_MAILS: DeadRows = { table: 'mails', condition: `created_at < ${NOW} - interval '30 days'` };

/** Erases mails about an account, to any of its addresses, and mails of others to its address.
 * Those of the last day become nameless decoys: else registering and deleting in a loop would evade the mail cap.
 * A failing attempt under way then no longer matches its row, because the attempts differ. */
export async function eraseMails(
  tx: EntityManager,
  userId: string,
  { limit, offsetMs }: { limit: number; offsetMs: number },
): Promise<number> {
  const [{ erased }]: [{ erased: number }] = await tx.query(
    `WITH found AS (
       SELECT id, created_at > ${NOW} - interval '1 day' AS counted FROM mails
        WHERE user_id = $2 OR recipient = (SELECT email FROM users WHERE id = $2) LIMIT $3
     ), gone AS (
       DELETE FROM mails m USING found WHERE m.id = found.id AND NOT counted
     ), kept AS (
       UPDATE mails m SET recipient = NULL, user_id = NULL, sealed = NULL, attempts = 0, next_attempt_at = NULL,
                          sent_at = NULL, given_up_at = NULL, last_error = NULL
         FROM found WHERE m.id = found.id AND counted
     ) SELECT count(*)::int AS erased FROM found`,
    [offsetMs, userId, limit],
  );
  return erased;
}
