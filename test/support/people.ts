/** People to test with: each registers and logs in through the API like anybody else. */
import type { Role } from '../../src/common/access.js';
import type { Api } from './api.js';
import type { TestApp } from './app.js';
import { claimsOf } from './jwt.js';
import { mailedToken } from './mailbox.js';

export const PASSWORD = 'correct horse battery';

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

export interface Person extends Tokens {
  readonly id: string;
  readonly email: string;
  readonly username: string;
  readonly api: Api;
}

let people = 0;

/** @param name part of the username; made unique */
export async function person(app: TestApp, name = 'person'): Promise<Person> {
  const username = `${name}_${(people += 1)}`;
  const email = `${username}@example.org`;
  const registered = await app.api.post('/auth/register', { email, username, password: PASSWORD });
  if (registered.status !== 201) throw new Error(`registration answered ${registered.status}: ${registered.text}`);
  const tokens = await login(app, email);
  const id = String(claimsOf(tokens.access_token).sub);
  return { ...tokens, id, email, username, api: app.api.as(tokens.access_token) };
}

/** Somebody who has confirmed their address by the mailed link. */
export async function confirmedPerson(app: TestApp, name?: string): Promise<Person> {
  const who = await person(app, name);
  await confirmAddress(app, who.email);
  return who;
}

export async function confirmAddress(app: TestApp, email: string): Promise<void> {
  const token = await mailedToken(app, email, 'Confirm your e-mail address');
  const { status, text } = await app.api.post('/auth/email/confirm', { token });
  if (status !== 204) throw new Error(`confirmation answered ${status}: ${text}`);
}

export async function login(app: TestApp, email: string, password = PASSWORD): Promise<Tokens> {
  const answer = await app.api.post('/auth/login', { email, password });
  if (answer.status !== 200) throw new Error(`login answered ${answer.status}: ${answer.text}`);
  return answer.body as Tokens;
}

/** Somebody of a role, which only the database gives to the first one. */
export async function staff(app: TestApp, role: Role): Promise<Person> {
  const { id, email, username } = await person(app, role);
  await app.pool.query('UPDATE users SET role = $2, token_epoch = token_epoch + 1 WHERE id = $1', [id, role]);
  const tokens = await login(app, email);
  return { ...tokens, id, email, username, api: app.api.as(tokens.access_token) };
}

/** A fresh proof, for what is asked of a session that was started more than ten minutes ago. */
export async function stepUp({ api }: Pick<Person, 'api'>): Promise<void> {
  const { status, text } = await api.post('/auth/step-up', { password: PASSWORD });
  if (status !== 200) throw new Error(`step-up answered ${status}: ${text}`);
}
