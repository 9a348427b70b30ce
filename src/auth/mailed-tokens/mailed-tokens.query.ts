import type { EntityManager } from 'typeorm';

import type { DeadRows } from '../../database/cleanup/cleanup.query.js';
import type { TokenPurpose } from './mailed-token.entity.js';

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
  await tx.query(
    `INSERT INTO account_tokens (user_id, purpose, token_hash, code_hash, code_tries, created_at, expires_at, address)
     VALUES ((SELECT id FROM users WHERE id = $1), $2, $3, $4, $5, clock_timestamp(), clock_timestamp() + $6 * interval '1 ms', $7)
     ON CONFLICT (user_id, purpose) DO UPDATE
        SET (token_hash, code_hash, code_tries, created_at, expires_at, address) =
            (EXCLUDED.token_hash, EXCLUDED.code_hash, EXCLUDED.code_tries, EXCLUDED.created_at, EXCLUDED.expires_at,
             EXCLUDED.address)`,
    [token.userId, token.purpose, token.tokenHash, token.codeHash, token.codeTries, token.ttlMs, token.address],
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

export async function selectToken(
  manager: EntityManager,
  { purposes, tokenHash }: { purposes: readonly TokenPurpose[]; tokenHash: Buffer },
): Promise<FoundToken | undefined> {
  const rows: FoundToken[] = await manager.query(
    `SELECT user_id AS "userId", purpose, address FROM account_tokens
      WHERE token_hash = $1 AND purpose = ANY($2) AND expires_at > statement_timestamp() AND user_id IS NOT NULL`,
    [tokenHash, purposes],
  );
  return rows[0];
}

export async function takeToken(tx: EntityManager, { purpose, tokenHash }: PresentedToken): Promise<boolean> {
  const rows: unknown[] = await tx.query(
    `WITH taken AS (
       DELETE FROM account_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > clock_timestamp() RETURNING 1
     ) SELECT FROM taken`,
    [tokenHash, purpose],
  );
  return rows.length === 1;
}

export interface TriedCode {
  readonly userId: string;
  readonly tokenHash: Buffer;
  readonly codeHash: Buffer;
}

/** Parallel tries are serialised. @returns undefined when no code may be tried for the address */
export async function countCodeTry(manager: EntityManager, email: string): Promise<TriedCode | undefined> {
  const rows: TriedCode[] = await manager.query(
    `WITH tried AS (
       UPDATE account_tokens t SET code_tries = code_tries - 1 FROM users u
        WHERE u.email = $1 AND t.user_id = u.id AND t.purpose = 'email_confirmation' AND t.code_tries > 0
          AND t.expires_at > clock_timestamp()
       RETURNING t.*
     ) SELECT user_id AS "userId", token_hash AS "tokenHash", code_hash AS "codeHash" FROM tried`,
    [email],
  );
  return rows[0];
}

export async function deleteTokens(tx: EntityManager, userId: string, purpose?: TokenPurpose): Promise<void> {
  await tx.query('DELETE FROM account_tokens WHERE user_id = $1 AND ($2::text IS NULL OR purpose = $2)', [
    userId,
    purpose ?? null,
  ]);
}

export const DEAD_TOKENS: DeadRows = { table: 'account_tokens', condition: 'expires_at < statement_timestamp()' };
