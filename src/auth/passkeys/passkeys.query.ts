import type { EntityManager } from 'typeorm';

import type { Forgotten } from '../second-factors/second-factors.js';
import type { AuthenticatorState } from './webauthn.js';
import { affected, type DeletedRows, empty, row, rows, run, sql } from '../../database/sql.js';

export interface NewChallenge {
  readonly challenge: Buffer;
  readonly userId: string | null;
  readonly ttlMs: number;
}

export async function insertChallenge(
  manager: EntityManager,
  { challenge, userId, ttlMs }: NewChallenge,
): Promise<void> {
  await run(
    manager,
    sql`INSERT INTO passkey_challenges (challenge, user_id, expires_at)
        VALUES (${challenge}, ${userId}, clock_timestamp() + ${ttlMs} * interval '1 ms')`,
  );
}

export async function takeChallenge(tx: EntityManager, challenge: Buffer, userId: string | null): Promise<boolean> {
  const taken = await affected(
    tx,
    sql`DELETE FROM passkey_challenges
         WHERE challenge = ${challenge} AND user_id IS NOT DISTINCT FROM ${userId}::uuid AND expires_at > clock_timestamp()`,
  );
  return taken === 1;
}

export const DEAD_CHALLENGES: DeletedRows = {
  table: 'passkey_challenges',
  key: 'challenge',
  where: sql`expires_at < statement_timestamp()`,
};

export interface Passkey {
  readonly id: string;
  readonly userId: string;
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
  readonly counter: string;
  readonly name: string;
  readonly secondFactor: boolean;
  readonly logsInAlone: boolean;
  readonly backedUp: boolean;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

const COLUMNS = sql`id, user_id AS "userId", credential_id AS "credentialId", public_key AS "publicKey", counter, name,
               second_factor AS "secondFactor", logs_in_alone AS "logsInAlone", backed_up AS "backedUp", created_at AS "createdAt", last_used_at AS "lastUsedAt"`;

export type NewPasskey = Omit<Passkey, 'id' | 'createdAt' | 'lastUsedAt' | 'counter' | 'logsInAlone'> & {
  readonly counter: number;
};

/** @returns undefined when the credential is kept already */
export function insertPasskey(tx: EntityManager, passkey: NewPasskey): Promise<Passkey | undefined> {
  const { userId, credentialId, publicKey, counter, name, secondFactor, backedUp } = passkey;
  return row(
    tx,
    sql`INSERT INTO passkeys (user_id, credential_id, public_key, counter, name, second_factor, backed_up)
        VALUES (${userId}, ${credentialId}, ${publicKey}, ${counter}, ${name}, ${secondFactor}, ${backedUp})
        ON CONFLICT ON CONSTRAINT passkeys_credential_id_key DO NOTHING
        RETURNING ${COLUMNS}`,
  );
}

export function selectPasskeys(manager: EntityManager, userId: string): Promise<Passkey[]> {
  return rows(manager, sql`SELECT ${COLUMNS} FROM passkeys WHERE user_id = ${userId} ORDER BY created_at, id`);
}

export function selectByCredential(manager: EntityManager, credentialId: Buffer): Promise<Passkey | undefined> {
  return row(manager, sql`SELECT ${COLUMNS} FROM passkeys WHERE credential_id = ${credentialId}`);
}

/** A counter that does not rise is that of a copy (WebAuthn section 6.1.1); 0 for ever: the authenticator has none. */
export async function useCounter(
  tx: EntityManager,
  { id, logsInAlone }: Pick<Passkey, 'id' | 'logsInAlone'>,
  { counter, backedUp }: AuthenticatorState,
): Promise<boolean> {
  const used = await affected(
    tx,
    sql`UPDATE passkeys SET (counter, backed_up, last_used_at) = (${counter}::bigint, ${backedUp}, clock_timestamp())
         WHERE id = ${id} AND logs_in_alone = ${logsInAlone}
           AND (counter < ${counter}::bigint OR (counter = 0 AND ${counter}::bigint = 0))`,
  );
  return used === 1;
}

export function renamePasskey(
  manager: EntityManager,
  { id, userId, name }: { id: string; userId: string; name: string },
): Promise<Passkey | undefined> {
  return row(
    manager,
    sql`UPDATE passkeys SET name = ${name} WHERE id = ${id} AND user_id = ${userId} RETURNING ${COLUMNS}`,
  );
}

export async function deletePasskey(tx: EntityManager, id: string, userId: string): Promise<boolean> {
  return (await affected(tx, sql`DELETE FROM passkeys WHERE id = ${id} AND user_id = ${userId}`)) === 1;
}

export async function deletePasskeys(tx: EntityManager, userId: string, since?: Date): Promise<Forgotten> {
  const only = since ? sql`AND created_at >= ${since}` : empty;
  const removed = await affected(tx, sql`DELETE FROM passkeys WHERE user_id = ${userId} ${only}`);
  return { removed, isLeft: (await selectPasskeys(tx, userId)).some(({ secondFactor }) => secondFactor) };
}

/** What is left serves after the password only: a thief of the earlier password may have made it. */
export async function keepSecondFactors(tx: EntityManager, userId: string): Promise<number> {
  await run(tx, sql`UPDATE passkeys SET logs_in_alone = false WHERE user_id = ${userId} AND second_factor`);
  return affected(tx, sql`DELETE FROM passkeys WHERE user_id = ${userId} AND NOT second_factor`);
}
