import type { EntityManager } from 'typeorm';

import { affected, type DeletedRows, row, run, sql } from '../../database/sql.js';

export interface NewEmailLogin {
  readonly addressKey: Buffer;
  /** Null for a decoy: a request that no account can complete. */
  readonly userId: string | null;
  readonly requestHash: Buffer;
  readonly tokenHash: Buffer;
  readonly codeHash: Buffer;
  readonly standing: Buffer;
  readonly tries: number;
  readonly ttlMs: number;
}

/** Replaces the earlier one of the address, with or without an account: else a second request would tell which it is. */
export async function putEmailLogin(tx: EntityManager, login: NewEmailLogin): Promise<void> {
  await run(
    tx,
    sql`INSERT INTO email_logins (address_key, user_id, request_hash, token_hash, code_hash, standing, tries, expires_at)
        VALUES (${login.addressKey}, ${login.userId}, ${login.requestHash}, ${login.tokenHash}, ${login.codeHash},
                ${login.standing}, ${login.tries}, clock_timestamp() + ${login.ttlMs} * interval '1 ms')
        ON CONFLICT (address_key) DO UPDATE
           SET (user_id, request_hash, token_hash, code_hash, standing, tries, expires_at) =
               (EXCLUDED.user_id, EXCLUDED.request_hash, EXCLUDED.token_hash, EXCLUDED.code_hash, EXCLUDED.standing,
                EXCLUDED.tries, EXCLUDED.expires_at)`,
  );
}

export interface EmailLogin {
  readonly addressKey: Buffer;
  readonly userId: string | null;
  readonly requestHash: Buffer;
  readonly tokenHash: Buffer;
  readonly codeHash: Buffer;
  readonly standing: Buffer;
}

export function selectEmailLogin(manager: EntityManager, requestHash: Buffer): Promise<EmailLogin | undefined> {
  return row(
    manager,
    sql`SELECT address_key AS "addressKey", user_id AS "userId", request_hash AS "requestHash", token_hash AS "tokenHash",
               code_hash AS "codeHash", standing
          FROM email_logins WHERE request_hash = ${requestHash} AND expires_at > statement_timestamp()`,
  );
}

/** Parallel tries are serialised. @returns false when none is left */
export async function countEmailLoginTry(manager: EntityManager, requestHash: Buffer): Promise<boolean> {
  const counted = await affected(
    manager,
    sql`UPDATE email_logins SET tries = tries - 1
         WHERE request_hash = ${requestHash} AND tries > 0 AND expires_at > clock_timestamp()`,
  );
  return counted === 1;
}

export async function takeEmailLogin(tx: EntityManager, requestHash: Buffer): Promise<boolean> {
  const taken = await affected(
    tx,
    sql`DELETE FROM email_logins WHERE request_hash = ${requestHash} AND expires_at > clock_timestamp()`,
  );
  return taken === 1;
}

export const DEAD_EMAIL_LOGINS: DeletedRows = {
  table: 'email_logins',
  where: sql`expires_at < statement_timestamp()`,
};
