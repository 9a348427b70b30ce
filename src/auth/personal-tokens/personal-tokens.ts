import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import type { Principal } from '../../common/access.js';
import type { Actor, Client } from '../../common/actor.js';
import { AppError, invalid } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import { Random } from '../../common/random.js';
import { isoTimestamp } from '../../common/timestamps.js';
import { onCommit } from '../../database/transactions.js';
import { Outbox } from '../../mail/outbox.js';
import { personalTokenMail } from '../../mail/templates.js';
import type { User } from '../../users/user.js';
import { UsersService } from '../../users/users.service.js';
import { Revocations } from '../revocations/revocations.js';
import { type AccountEnd, Sessions } from '../sessions/sessions.js';
import {
  countLiveTokens,
  insertToken,
  type PersonalToken,
  type RevocationReason,
  revokeTokens,
  selectLiveTokens,
} from './personal-tokens.query.js';
import { isOfAdmins, Scopes } from './scopes.js';
import { hashOf, lastFourOf, TOKEN_BYTES, tokenOf } from './token-format.js';

export const TOKENS_PER_USER = 50;

export interface TokenWish {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly days: number;
}

export interface MadeToken extends PersonalToken {
  readonly token: string;
}

interface Ending {
  readonly userId: string;
  readonly id?: string;
  readonly reason: RevocationReason;
  readonly actorId: string;
  readonly client: Client;
}

@Injectable()
export class PersonalTokens {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly users: UsersService,
    private readonly sessions: Sessions,
    private readonly revocations: Revocations,
    private readonly scopes: Scopes,
    private readonly outbox: Outbox,
    private readonly audit: Audit,
    private readonly random: Random,
  ) {}

  /** @throws AppError `validation_failed`, `insufficient_role`, `token_limit_reached`, `token_revoked`, `token_stale` */
  async create(actor: Actor, { name, scopes, days }: TokenWish): Promise<MadeToken> {
    this.requireKnown(scopes);
    const [id, token] = [this.random.uuid(), tokenOf(this.random.bytes(TOKEN_BYTES))];
    return this.database.transaction(async (tx) => {
      const user = await this.lockOwner(tx, actor.principal);
      if (user.role !== 'admin' && scopes.some(isOfAdmins)) throw new AppError('insufficient_role');
      if ((await countLiveTokens(tx, user.id)) >= TOKENS_PER_USER) throw new AppError('token_limit_reached');
      const secret = { hash: hashOf(token), lastFour: lastFourOf(token) };
      // The step-up before asked for one, if there is one.
      const secondFactor = user.secondFactors.length > 0;
      const wished = { id, userId: user.id, name, scopes: [...new Set(scopes)].sort(), days, secondFactor, ...secret };
      const made = await insertToken(tx, wished);
      await this.tell(tx, actor, { user, made });
      onCommit(tx, () => {
        this.logger.info({ event: 'token_created', token: id, user: user.id }, 'personal access token created');
      });
      return { ...made, token };
    });
  }

  list(userId: string): Promise<PersonalToken[]> {
    return selectLiveTokens(this.database.manager, userId);
  }

  /** @throws AppError `token_not_found` */
  async revoke(actor: Actor, { userId, id }: { userId: string; id: string }): Promise<void> {
    const actorId = actor.principal.userId;
    const reason = actorId === userId ? 'owner' : 'admin';
    await this.database.transaction(async (tx) => {
      const ended = await this.end(tx, { userId, id, reason, actorId, client: actor });
      if (ended === 0) throw new AppError('token_not_found');
    });
  }

  /** Lock the user's row first: no token is made meanwhile. */
  async endAll(tx: EntityManager, end: AccountEnd): Promise<void> {
    await this.end(tx, end);
  }

  private requireKnown(scopes: readonly string[]): void {
    const { all } = this.scopes;
    if (scopes.every((scope) => all.has(scope))) return;
    throw invalid({ pointer: '#/scopes', code: 'unknown_value', detail: `must be of ${[...all].join(', ')}` });
  }

  /** Bans, resets and logouts lock the same row: a token is made before them and ended, or not made. */
  private async lockOwner(tx: EntityManager, { userId, sessionId, epoch }: Principal): Promise<User> {
    const user = await this.users.lockById(tx, userId);
    if (!user) throw new AppError('token_revoked');
    await this.sessions.requireLive(tx, sessionId);
    if (user.tokenEpoch !== epoch) throw new AppError('token_stale');
    return user;
  }

  private async tell(
    tx: EntityManager,
    actor: Actor,
    { user, made }: { user: User; made: PersonalToken },
  ): Promise<void> {
    const { id: token, lastFour, scopes } = made;
    const expiresAt = isoTimestamp(made.expiresAt);
    const content = personalTokenMail({ username: user.username, lastFour, scopes, expiresAt });
    await this.outbox.add(tx, { kind: 'personal_token', address: user.email, content, userId: user.id });
    await this.audit.record(tx, actor, [
      {
        action: 'token.created',
        actorId: user.id,
        subjectId: user.id,
        sessionId: actor.principal.sessionId,
        after: { token, last_four: lastFour, scopes: scopes.join(' '), expires_at: expiresAt },
      },
    ]);
  }

  private async end(tx: EntityManager, { userId, id, reason, actorId, client }: Ending): Promise<number> {
    const ended = await revokeTokens(tx, id === undefined ? { userId } : { userId, id }, reason);
    const events = ended.map((token) => ({
      action: 'token.revoked' as const,
      actorId,
      subjectId: userId,
      after: { token: token.id, last_four: token.lastFour, reason },
    }));
    await this.audit.record(tx, client, events);
    onCommit(tx, () => {
      for (const { id: token } of ended) {
        this.revocations.endSession(token);
        this.logger.info({ event: 'token_revoked', token, reason }, 'personal access token revoked');
      }
    });
    return ended.length;
  }
}
