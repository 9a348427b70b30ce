import type { EntityManager } from 'typeorm';

import { affected, type DeletedRows, empty, row, run, sql } from '../../database/sql.js';

export type TokenPurpose = 'email_confirmation' | 'password_reset' | 'email_change' | 'invitation';

export interface NewToken {
  readonly userId: string;
  readonly purpose: TokenPurpose;
  readonly address: string | null;
  readonly tokenHash: Buffer;
  readonly codeHash: Buffer | null;
  readonly codeTries: number;
  readonly ttlMs: number;
}

/** Replaces the earlier one. For an unknown id it writes a decoy at the same cost. */
export async function putToken(tx: EntityManager, token: NewToken): Promise<void> {
  await run(
    tx,
    sql`INSERT INTO account_tokens (user_id, purpose, token_hash, code_hash, code_tries, created_at, expires_at, address)
        VALUES ((SELECT id FROM users WHERE id = ${token.userId}), ${token.purpose}, ${token.tokenHash}, ${token.codeHash},
                ${token.codeTries}, clock_timestamp(), clock_timestamp() + ${token.ttlMs} * interval '1 ms', ${token.address})
        ON CONFLICT (user_id, purpose) DO UPDATE
           SET (token_hash, code_hash, code_tries, created_at, expires_at, address) =
               (EXCLUDED.token_hash, EXCLUDED.code_hash, EXCLUDED.code_tries, EXCLUDED.created_at, EXCLUDED.expires_at,
                EXCLUDED.address)`,
  );
}

export interface PresentedToken {
  readonly purpose: TokenPurpose;
  readonly tokenHash: Buffer;
}

export interface FoundToken {
  readonly userId: string;
  readonly purpose: TokenPurpose;
  readonly address: string | null;
}

export function selectToken(
  manager: EntityManager,
  { purposes, tokenHash }: { purposes: readonly TokenPurpose[]; tokenHash: Buffer },
): Promise<FoundToken | undefined> {
  return row(
    manager,
    sql`SELECT user_id AS "userId", purpose, address FROM account_tokens
         WHERE token_hash = ${tokenHash} AND purpose = ANY(${purposes}) AND expires_at > statement_timestamp()
           AND user_id IS NOT NULL`,
  );
}

export async function takeToken(tx: EntityManager, { purpose, tokenHash }: PresentedToken): Promise<boolean> {
  const taken = await affected(
    tx,
    sql`DELETE FROM account_tokens
         WHERE token_hash = ${tokenHash} AND purpose = ${purpose} AND expires_at > clock_timestamp()`,
  );
  return taken === 1;
}

export interface TriedCode {
  readonly userId: string;
  readonly tokenHash: Buffer;
  readonly codeHash: Buffer;
}

/** Parallel tries are serialised. @returns undefined when no code may be tried for the address */
export function countCodeTry(manager: EntityManager, email: string): Promise<TriedCode | undefined> {
  return row(
    manager,
    sql`UPDATE account_tokens t SET code_tries = code_tries - 1 FROM users u
         WHERE u.email = ${email} AND t.user_id = u.id AND t.purpose = 'email_confirmation' AND t.code_tries > 0
           AND t.expires_at > clock_timestamp()
        RETURNING t.user_id AS "userId", t.token_hash AS "tokenHash", t.code_hash AS "codeHash"`,
  );
}

export async function deleteTokens(tx: EntityManager, userId: string, purpose?: TokenPurpose): Promise<void> {
  const only = purpose ? sql`AND purpose = ${purpose}` : empty;
  await run(tx, sql`DELETE FROM account_tokens WHERE user_id = ${userId} ${only}`);
}

export const DEAD_TOKENS: DeletedRows = { table: 'account_tokens', where: sql`expires_at < statement_timestamp()` };
