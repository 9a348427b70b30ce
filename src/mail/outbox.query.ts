import type { EntityManager } from 'typeorm';

import type { DeadRows } from '../database/cleanup/cleanup.query.js';
import { utcText } from '../common/timestamps.js';
import type { MailKind } from './templates.js';

export interface NewMailRow {
  readonly id: string;
  readonly kind: MailKind;
  readonly addressKey: Buffer;
  readonly recipient: string | null;
  readonly userId: string | null;
  readonly sealed: Buffer;
  readonly due: boolean;
}

export async function insertMail(tx: EntityManager, mail: NewMailRow): Promise<void> {
  await tx.query(
    `INSERT INTO mails (id, kind, address_key, recipient, user_id, sealed, created_at, next_attempt_at)
     VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp(), CASE WHEN $7::boolean THEN clock_timestamp() END)`,
    [mail.id, mail.kind, mail.addressKey, mail.recipient, mail.userId, mail.sealed, mail.due],
  );
}

/** Serialises requests for one address, with or without an account. */
export async function lockAddress(tx: EntityManager, addressKey: Buffer): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1::bigint)', [addressKey.readBigInt64BE().toString()]);
}

export interface MailCount {
  readonly addressKey: Buffer;
  readonly kind: MailKind;
}

export async function selectMailPause(
  tx: EntityManager,
  { addressKey, kind, anHour, aDay }: MailCount & { anHour: number; aDay: number },
): Promise<number> {
  const [{ seconds }]: [{ seconds: number }] = await tx.query(
    `WITH recent AS (
       SELECT array_agg(created_at ORDER BY created_at DESC) AS times
         FROM mails WHERE address_key = $1 AND kind = $2 AND created_at > statement_timestamp() - interval '1 day')
     SELECT ceil(greatest(0,
              extract(epoch FROM times[1] + interval '1 minute' - statement_timestamp()),
              extract(epoch FROM times[$3::int] + interval '1 hour' - statement_timestamp()),
              extract(epoch FROM times[$4::int] + interval '1 day' - statement_timestamp())
            ))::int AS seconds
       FROM recent`,
    [addressKey, kind, anHour, aDay],
  );
  return seconds;
}

export async function countMailsOfDay(tx: EntityManager, { addressKey, kind }: MailCount): Promise<number> {
  const [{ mails }]: [{ mails: number }] = await tx.query(
    `SELECT count(*)::int AS mails
       FROM mails WHERE address_key = $1 AND kind = $2 AND created_at > statement_timestamp() - interval '1 day'`,
    [addressKey, kind],
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
  { limit, leaseMs, oldMs }: { limit: number; leaseMs: number; oldMs: number },
): Promise<DueMail[]> {
  return manager.query(
    `WITH due AS (
       SELECT id FROM mails WHERE next_attempt_at <= statement_timestamp() ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED
     ), taken AS (
       UPDATE mails m SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + $2 * interval '1 ms'
         FROM due WHERE m.id = due.id RETURNING m.*
     )
     SELECT id, kind, recipient, sealed, created_at AS "createdAt", attempts,
            created_at <= statement_timestamp() - $3 * interval '1 ms' AS "isOld"
       FROM taken ORDER BY created_at, id`,
    [limit, leaseMs, oldMs],
  );
}

/** Unconditional: a sent mail stays sent, even if another instance has taken the lease. */
export async function recordSent(manager: EntityManager, id: string): Promise<void> {
  await manager.query(
    `UPDATE mails SET sent_at = clock_timestamp(), sealed = NULL, next_attempt_at = NULL, given_up_at = NULL, last_error = NULL
      WHERE id = $1 AND sent_at IS NULL`,
    [id],
  );
}

export interface FailedAttempt {
  readonly id: string;
  readonly attempts: number;
  readonly reason: string;
  readonly retryMs: number | undefined;
}

/** Only while this instance holds the lease. */
export async function recordFailure(manager: EntityManager, failed: FailedAttempt): Promise<void> {
  await manager.query(
    `UPDATE mails
        SET last_error = $3, next_attempt_at = clock_timestamp() + $4::float8 * interval '1 ms',
            given_up_at = CASE WHEN $4::float8 IS NULL THEN clock_timestamp() END,
            sealed = CASE WHEN $4::float8 IS NOT NULL THEN sealed END
      WHERE id = $1 AND attempts = $2 AND sent_at IS NULL AND given_up_at IS NULL`,
    [failed.id, failed.attempts, failed.reason, failed.retryMs ?? null],
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
  condition: "recipient IS NULL AND created_at < statement_timestamp() - interval '1 day'",
};

export const DEAD_MAILS: DeadRows = {
  table: 'mails',
  condition: "created_at < statement_timestamp() - interval '30 days'",
};

/** Erases mails about an account, to any of its addresses, and mails of others to its address.
 * Those of the last day become nameless decoys: else registering and deleting in a loop would evade the mail cap.
 * A failing attempt under way then no longer matches its row, because the attempts differ. */
export async function eraseMails(tx: EntityManager, userId: string, limit: number): Promise<number> {
  const [{ erased }]: [{ erased: number }] = await tx.query(
    `WITH found AS (
       SELECT id, created_at > statement_timestamp() - interval '1 day' AS counted FROM mails
        WHERE user_id = $1 OR recipient = (SELECT email FROM users WHERE id = $1) LIMIT $2
     ), gone AS (
       DELETE FROM mails m USING found WHERE m.id = found.id AND NOT counted
     ), kept AS (
       UPDATE mails m SET recipient = NULL, user_id = NULL, sealed = NULL, attempts = 0, next_attempt_at = NULL,
                          sent_at = NULL, given_up_at = NULL, last_error = NULL
         FROM found WHERE m.id = found.id AND counted
     ) SELECT count(*)::int AS erased FROM found`,
    [userId, limit],
  );
  return erased;
}
