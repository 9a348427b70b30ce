/** People to test with: each registers and logs in through the API like anybody else. */
import { type RoostClient, unwrap } from 'roost-client';

import type { Role } from '../../src/common/access.js';
import type { Api } from './api.js';
import type { TestApp } from './app.js';
import { bearerOf } from './client.js';
import { claimsOf } from './jwt.js';
import { mailedToken } from './mailbox.js';

export const PASSWORD = 'correct horse battery';

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

export interface Session extends Tokens {
  /** For raw HTTP: what the types of the client forbid, headers, and the exact text. */
  readonly api: Api;
  readonly client: RoostClient;
}

export interface Person extends Session {
  readonly id: string;
  readonly email: string;
  readonly username: string;
}

let people = 0;

/** @param name part of the username; made unique */
export async function person(app: TestApp, name = 'person'): Promise<Person> {
  const username = `${name}_${(people += 1)}`;
  const email = `${username}@example.org`;
  await unwrap(app.client.post('/auth/register', { body: { email, username, password: PASSWORD } }));
  const session = await login(app, email);
  const id = String(claimsOf(session.access_token).sub);
  return { ...session, id, email, username };
}

/** Somebody who has confirmed their address by the mailed link. */
export async function confirmedPerson(app: TestApp, name?: string): Promise<Person> {
  const who = await person(app, name);
  await confirmAddress(app, who.email);
  return who;
}

/** By the newest mail of this subject. */
export async function confirmAddress(
  app: TestApp,
  email: string,
  subject = 'Confirm your e-mail address',
): Promise<void> {
  const token = await mailedToken(app, email, subject);
  await unwrap(app.client.post('/auth/email/confirm', { body: { token } }));
}

export async function login(app: TestApp, email: string, password = PASSWORD): Promise<Session> {
  const tokens = await unwrap(app.client.post('/auth/login', { body: { email, password } }));
  if (!('refresh_token' in tokens)) throw new Error('the login asks for a second factor');
  return { ...tokens, api: app.api.as(tokens.access_token), client: bearerOf(app, tokens.access_token) };
}

/** Somebody of a role, which only the database gives to the first one. */
export async function staff(app: TestApp, role: Role): Promise<Person> {
  const { id, email, username } = await person(app, role);
  await app.pool.query('UPDATE users SET role = $2, token_epoch = token_epoch + 1 WHERE id = $1', [id, role]);
  return { ...(await login(app, email)), id, email, username };
}

/** A fresh proof, for what is asked of a session that was started more than ten minutes ago. */
export async function stepUp({ client }: Pick<Person, 'client'>): Promise<void> {
  await unwrap(client.post('/auth/step-up', { body: { password: PASSWORD } }));
}
