/** Plays a history of clients and a thief against a running Roost and the model alike, and compares them at each step. */
import { isDeepStrictEqual } from 'node:util';

import type { Answer } from './api.js';
import type { TestApp } from './app.js';
import { PASSWORD, person, type Person, type Tokens } from './people.js';
import { type ModelSession, type Outcome, outcomeOf, SessionModel } from './session-model.js';
import { me, refresh } from './sessions.js';

/**
 * So far from the edges that the seconds a history really takes decide nothing: two short sleeps are within the grace,
 * three are not; the next outlive an access token, nearly reach the idle end, pass it, pass the absolute end.
 */
export const SHORT = ['4m', '12m'] as const;
export const LONG = ['25h', '29d', '31d', '91d'] as const;
export type Sleep = (typeof SHORT)[number] | (typeof LONG)[number];

/** Who and what is a number that picks among those there are by then, so that any part of a history is a history. */
export type Request =
  | { readonly send: 'login' }
  | { readonly send: 'refresh'; readonly holder: number; readonly isReplyLost: boolean }
  | { readonly send: 'refresh with any'; readonly token: number }
  | { readonly send: 'refresh with a forged'; readonly token: number; readonly bit: number }
  | { readonly send: 'logout'; readonly holder: number; readonly scope: 'local' | 'others' | 'global' }
  | { readonly send: 'logout with any'; readonly token: number }
  | { readonly send: 'end session'; readonly holder: number; readonly session: number };

export type Step =
  | { readonly do: 'send'; readonly together: readonly Request[] }
  | { readonly do: 'sleep'; readonly duration: Sleep }
  /** The thief copies what a client has in store. */
  | { readonly do: 'steal'; readonly holder: number }
  /** A session's row becomes what it was at some moment before. */
  | { readonly do: 'restore'; readonly session: number; readonly moment: number }
  | { readonly do: 'ban' | 'unban' };

/** A request that knows its tokens, and what the model says of its answer. */
interface Operation {
  readonly answer: () => Promise<Answer>;
  readonly expected: (model: SessionModel, answer: Answer) => Outcome;
  readonly keep?: (tokens: Tokens) => void;
}

export class History {
  /** Token stores: one for each login, and one for each theft. */
  private readonly holders: Tokens[] = [];
  private readonly backups: { readonly row: Record<string, any>; readonly session: ModelSession }[] = [];
  private model = new SessionModel();

  private constructor(
    private readonly app: TestApp,
    private readonly account: Person,
  ) {}

  static async begin(app: TestApp): Promise<History> {
    app.clock.offsetMs = 0;
    const account = await person(app);
    const history = new History(app, account);
    history.holders.push({ ...account });
    history.model.login({ status: 200, body: account });
    history.remember(await history.rows());
    return history;
  }

  async play(step: Step): Promise<void> {
    switch (step.do) {
      case 'sleep':
        this.app.clock.advance(step.duration);
        this.model.now = this.app.clock.offsetMs;
        break;
      case 'steal':
        this.holders.push({ ...this.holderOf(step.holder) });
        break;
      case 'restore':
        await this.restore(step);
        break;
      case 'ban':
      case 'unban':
        await this.setStatus(step.do === 'ban');
        break;
      case 'send':
        // Who has lost every session logs in again before the next bustle, so that long histories stay histories.
        if (step.together.length > 1 && this.model.live().length === 0) await this.send([{ send: 'login' }]);
        await this.send(step.together);
    }
    await this.checkAccess();
  }

  /** All access tokens, and not only the latest of each session. */
  async end(): Promise<void> {
    await this.checkUses([...this.model.accessTokens.keys()]);
  }

  private operationOf(request: Request): Operation | undefined {
    const { app } = this;
    switch (request.send) {
      case 'login':
        return {
          answer: () => app.api.post('/auth/login', { email: this.account.email, password: PASSWORD }),
          expected: (model, answer) => model.login(answer),
          keep: (tokens) => this.holders.push({ ...tokens }),
        };
      case 'refresh': {
        const holder = this.holderOf(request.holder);
        return {
          ...this.refreshWith(holder.refresh_token),
          ...(!request.isReplyLost && { keep: (tokens) => Object.assign(holder, tokens) }),
        };
      }
      case 'refresh with any':
        return this.refreshWith(this.anyToken(request.token));
      case 'refresh with a forged': {
        const bytes = Buffer.from(this.anyToken(request.token), 'base64url');
        const at = request.bit % bytes.length;
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (request.bit % 8)), at);
        return this.refreshWith(bytes.toString('base64url'));
      }
      case 'logout with any': {
        const token = this.anyToken(request.token);
        return {
          answer: () => app.api.post('/auth/logout', { refresh_token: token }),
          expected: (model) => model.logoutByRefreshToken(token),
        };
      }
      case 'logout': {
        const { access_token } = this.holderOf(request.holder);
        if (!this.model.isPromised(access_token)) return undefined;
        return {
          answer: () => app.api.as(access_token).post('/auth/logout', { scope: request.scope }),
          expected: (model, answer) => model.logout(access_token, request.scope, answer),
        };
      }
      case 'end session': {
        const { access_token } = this.holderOf(request.holder);
        const session = pickOf(this.model.sessions, request.session);
        if (!this.model.isPromised(access_token)) return undefined;
        return {
          answer: () => app.api.as(access_token).delete(`/auth/sessions/${session.id}`),
          expected: (model, answer) => model.endOne(access_token, session, answer),
        };
      }
    }
  }

  private refreshWith(token: string): Operation {
    return {
      answer: () => refresh(this.app, token),
      expected: (model, answer) => model.refresh(token, answer),
    };
  }

  /** One of those whose session is live, if there are any: tokens of others are presented by those who kept them. */
  private holderOf(index: number): Tokens {
    const live = this.holders.filter(({ refresh_token }) => this.model.isLiveToken(refresh_token));
    return pickOf(live.length > 0 ? live : this.holders, index);
  }

  /** @param age 0 is the latest that was given, whoever got it */
  private anyToken(age: number): string {
    return pickOf([...this.model.refreshTokens.keys()].reverse(), age);
  }

  /** What is sent together must come out as if it had been sent in some order, one after the other. */
  private async send(requests: readonly Request[]): Promise<void> {
    const operations = requests.map((request) => this.operationOf(request)).filter((each) => each !== undefined);
    this.model.begin();
    const sent = await Promise.all(
      operations.map(async (operation) => ({ operation, answer: await operation.answer() })),
    );
    const rows = await this.rows();
    const orders = ordersOf(sent).map((order) => {
      const model = this.model.clone();
      const expected = order.map(({ operation, answer }) => operation.expected(model, answer));
      const seen = order.map(({ answer }) => outcomeOf(answer));
      return {
        model,
        expected: { outcomes: expected, rows: model.rows() },
        seen: { outcomes: seen, rows: rows.map(seenRow) },
      };
    });
    const fitting =
      orders.find(({ expected, seen }) => isDeepStrictEqual(structuredClone(seen), structuredClone(expected))) ??
      orders[0];
    if (!fitting) return;
    expect(fitting.seen).toEqual(fitting.expected);
    this.model = fitting.model;
    for (const { operation, answer } of sent) if (answer.status === 200) operation.keep?.(answer.body);
    this.remember(rows);
  }

  private async rows(): Promise<Record<string, any>[]> {
    const { rows } = await this.app.pool.query<Record<string, any>>(
      `SELECT *, (SELECT count(*)::int FROM revocations r WHERE r.session_id = s.id) AS revocations
         FROM sessions s WHERE user_id = $1 ORDER BY created_at`,
      [this.account.id],
    );
    return rows;
  }

  /** Keeps the rows of sessions that have not ended: what ended stays in the memory of Roost, whatever the rows say. */
  private remember(rows: readonly Record<string, any>[]): void {
    for (const row of rows) {
      const session = this.model.sessions.find(({ id }) => id === row.id);
      if (session?.ended === null) this.backups.push({ row, session: { ...session } });
    }
  }

  private async restore({ session, moment }: { session: number; moment: number }): Promise<void> {
    const current = pickOf(this.model.sessions, session);
    if (current.ended !== null) return;
    const backups = this.backups.filter(({ row }) => row.id === current.id);
    const { row, session: before } = pickOf(backups, moment);
    await this.app.pool.query(
      'UPDATE sessions SET seq = $2, salt = $3, prev_salt = $4, rotated_at = $5, expires_at = $6 WHERE id = $1',
      [row.id, row.seq, row.salt, row.prev_salt, row.rotated_at, row.expires_at],
    );
    Object.assign(current, before);
  }

  private async setStatus(isDisabled: boolean): Promise<void> {
    if (this.model.isDisabled === isDisabled) return;
    await this.app.pool.query('UPDATE users SET status = $2, token_epoch = token_epoch + 1 WHERE id = $1', [
      this.account.id,
      isDisabled ? 'disabled' : 'active',
    ]);
    this.model.isDisabled = isDisabled;
    this.model.epoch += 1;
  }

  /** The first and the latest access token of each session, and the list of those that live. */
  private async checkAccess(): Promise<void> {
    const tokens = this.model.sessions.flatMap((session) => this.model.accessTokensOf(session));
    await this.checkUses(tokens);
    const bearer = tokens.find((token) => this.model.isPromised(token) && this.model.use(token).status === 200);
    if (bearer === undefined) return;
    const listed = await this.app.api.as(bearer).get('/auth/sessions');
    const ids = (listed.body as { id: string }[]).map(({ id }) => id);
    expect(ids.sort()).toEqual(
      this.model
        .live()
        .map(({ id }) => id)
        .sort(),
    );
  }

  private async checkUses(tokens: readonly string[]): Promise<void> {
    const promised = tokens.filter((token) => this.model.isPromised(token));
    const answers = await Promise.all(promised.map((token) => me(this.app, token)));
    expect(answers.map(outcomeOf)).toEqual(promised.map((token) => this.model.use(token)));
  }
}

function seenRow({ id, seq, revoked_reason, revocations }: Record<string, any>): Record<string, unknown> {
  return { id, seq, ended: revoked_reason, revocations };
}

function pickOf<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('there is nothing to pick from');
  return item;
}

function ordersOf<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((first, index) => ordersOf(items.toSpliced(index, 1)).map((others) => [first, ...others]));
}
