/** Makes accounts and sessions by the code of registration and login, without the time of a hash. */
import type { INestApplicationContext } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';

import { Sessions } from '../auth/sessions/sessions.js';
import { NO_CLIENT } from '../common/actor.js';
import { AppError, invalid } from '../common/errors.js';
import { canonicalEmail } from '../users/email.js';
import { USERNAME } from '../users/fields.js';
import type { User } from '../users/user.js';
import { updateUser } from '../users/users.query.js';
import { UsersService } from '../users/users.service.js';
import type { NewUser, SignedIn } from './kit.js';

const PASSWORD = 'correct horse battery';
const HASH = '$2b$04$7DuqwAbWw.PHOfMbytZvBuhdZZwaDHGahr8Yt/2MlG8OgYMfBWx4W';

export async function signIn(nest: INestApplicationContext, wanted: NewUser): Promise<SignedIn> {
  const database = nest.get(DataSource);
  const users = nest.get(UsersService);
  const found = await users.findByIdentifier({ username: wanted.username });
  const user = await database.transaction((tx) => (found ? promote(tx, found, wanted) : make(tx, users, wanted)));
  const tokens = await nest.get(Sessions).start(database.manager, { user, secondFactor: false }, NO_CLIENT);
  if (!tokens) throw new AppError('account_disabled');
  const { id, email, username } = user;
  const { accessToken: access_token, refreshToken: refresh_token } = tokens;
  return { id, email, username, password: PASSWORD, access_token, refresh_token };
}

/** Somebody who is there keeps what is not asked for. The password is the kit's from now on. */
async function promote(tx: EntityManager, user: User, { role = user.role, confirmed }: NewUser): Promise<User> {
  const change = { hashedPassword: HASH, ...(confirmed === true && { confirm: true as const }) };
  return updateUser(tx, user.id, role === user.role ? change : { ...change, role, endAccessTokens: true });
}

async function make(tx: EntityManager, users: UsersService, wanted: NewUser): Promise<User> {
  const { username, role, confirmed = true } = wanted;
  const { regex, detail } = USERNAME.pattern;
  if (!regex.test(username)) throw invalid({ pointer: '#/username', code: 'wrong_format', detail });
  const email = canonicalEmail(wanted.email ?? `${username}@example.org`);
  if (email === undefined)
    throw invalid({ pointer: '#/email', code: 'wrong_format', detail: 'must be an e-mail address' });
  const user = await users.create(tx, { email, username, hashedPassword: HASH });
  if (!user) throw new AppError('email_taken');
  if (role === undefined && !confirmed) return user;
  return updateUser(tx, user.id, { role, ...(confirmed && { confirm: true }) });
}
