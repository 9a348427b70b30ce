/** The SQL of mailed tokens. Times are the database's, moved by the clock's offset: always $1. */
import type { EntityManager } from 'typeorm';

import type { DeadRows } from '../../database/cleanup/cleanup.query.js';
import type { TokenPurpose } from './mailed-token.entity.js';
import { NOW, NOW_EXACTLY } from '../../database/sql.js';

export interface NewToken {
  readonly userId: string;
  readonly purpose: TokenPurpose;
  readonly address: string | null;
  readonly tokenHash: Buffer;
  readonly codeHash: Buffer | null;
  readonly codeTries: number;
  readonly ttlMs: number;
  readonly offsetMs: number;
}

/** Replaces the earlier one. For an unknown id it writes a decoy at the same cost. */
export async function putToken(tx: EntityManager, token: NewToken): Promise<void> {
  await tx.query(
    `INSERT INTO account_tokens (user_id, purpose, token_hash, code_hash, code_tries, created_at, expires_at, address)
     VALUES ((SELECT id FROM users WHERE id = $2), $3, $4, $5, $6, ${NOW_EXACTLY}, ${NOW_EXACTLY} + $7 * interval '1 ms', $8)
     ON CONFLICT (user_id, purpose) DO UPDATE
        SET (token_hash, code_hash, code_tries, created_at, expires_at, address) =
            (EXCLUDED.token_hash, EXCLUDED.code_hash, EXCLUDED.code_tries, EXCLUDED.created_at, EXCLUDED.expires_at,
             EXCLUDED.address)`,
    [
      token.offsetMs,
      token.userId,
      token.purpose,
      token.tokenHash,
      token.codeHash,
      token.codeTries,
      token.ttlMs,
      token.address,
    ],
  );
}

export interface PresentedToken {
  readonly purpose: TokenPurpose;
  readonly tokenHash: Buffer;
  readonly offsetMs: number;
}

export interface FoundToken {
  readonly userId: string;
  readonly purpose: TokenPurpose;
  readonly address: string | null;
}

export async function selectToken(
  manager: EntityManager,
  { purposes, tokenHash, offsetMs }: { purposes: readonly TokenPurpose[]; tokenHash: Buffer; offsetMs: number },
): Promise<FoundToken | undefined> {
  const rows: FoundToken[] = await manager.query(
    `SELECT user_id AS "userId", purpose, address FROM account_tokens
      WHERE token_hash = $2 AND purpose = ANY($3) AND expires_at > ${NOW} AND user_id IS NOT NULL`,
    [offsetMs, tokenHash, purposes],
  );
  return rows[0];
}

export async function takeToken(tx: EntityManager, { purpose, tokenHash, offsetMs }: PresentedToken): Promise<boolean> {
  const rows: unknown[] = await tx.query(
    `WITH taken AS (
       DELETE FROM account_tokens WHERE token_hash = $2 AND purpose = $3 AND expires_at > ${NOW_EXACTLY} RETURNING 1
     ) SELECT FROM taken`,
    [offsetMs, tokenHash, purpose],
  );
  return rows.length === 1;
}

export interface TriedCode {
  readonly userId: string;
  readonly tokenHash: Buffer;
  readonly codeHash: Buffer;
}

/** Parallel tries are serialised. @returns undefined when no code may be tried for the address */
export async function countCodeTry(
  manager: EntityManager,
  { email, offsetMs }: { email: string; offsetMs: number },
): Promise<TriedCode | undefined> {
  const rows: TriedCode[] = await manager.query(
    `WITH tried AS (
       UPDATE account_tokens t SET code_tries = code_tries - 1 FROM users u
        WHERE u.email = $2 AND t.user_id = u.id AND t.purpose = 'email_confirmation' AND t.code_tries > 0
          AND t.expires_at > ${NOW_EXACTLY}
       RETURNING t.*
     ) SELECT user_id AS "userId", token_hash AS "tokenHash", code_hash AS "codeHash" FROM tried`,
    [offsetMs, email],
  );
  return rows[0];
}

export async function deleteTokens(tx: EntityManager, userId: string, purpose?: TokenPurpose): Promise<void> {
  await tx.query('DELETE FROM account_tokens WHERE user_id = $1 AND ($2::text IS NULL OR purpose = $2)', [
    userId,
    purpose ?? null,
  ]);
}

export const DEAD_TOKENS: DeadRows = { table: 'account_tokens', condition: `expires_at < ${NOW}` };
