/** What a client does with the tokens of its session, and what tests want to know of them. */
import type { Answer } from './api.js';
import type { TestApp } from './app.js';
import type { Person, Tokens } from './people.js';

/** As the typed client gives it. */
type Answered<C> =
  | { readonly ok: true; readonly status: number }
  | { readonly ok: false; readonly status: number; readonly problem: { readonly code: C } };

export function refresh(app: TestApp, token: unknown): Promise<Answer> {
  return app.api.post('/auth/refresh', { refresh_token: token });
}

export async function refreshed(app: TestApp, token: string): Promise<Tokens> {
  const answer = await refresh(app, token);
  expect(answer.status).toBe(200);
  return answer.body as Tokens;
}

export function me(app: TestApp, accessToken: string): Promise<Answer> {
  return app.api.as(accessToken).get('/auth/me');
}

/** Of either client. @param code of the operation's problems, where its types are known */
export function expectRefused<C extends string>(answer: Answer | Answered<C>, code: NoInfer<C>, status = 401): void {
  expect(refusal(answer)).toEqual([status, code]);
  const told = 'ok' in answer ? (answer.ok ? answer : answer.problem) : answer.body;
  expect(told).not.toHaveProperty('access_token');
}

/** Status and code. */
export function refusal(answer: Answer | Answered<string>): [number, string | undefined] {
  const problem = 'ok' in answer ? (answer.ok ? undefined : answer.problem) : (answer.body as { code?: string });
  return [answer.status, problem?.code];
}

/** Uses the refresh token up. */
export async function expectLive(app: TestApp, { access_token, refresh_token }: Tokens): Promise<void> {
  expect((await me(app, access_token)).status).toBe(200);
  expect((await refresh(app, refresh_token)).status).toBe(200);
}

export async function expectDead(app: TestApp, { access_token, refresh_token }: Tokens): Promise<void> {
  expectRefused(await me(app, access_token), 'token_revoked');
  expectRefused(await refresh(app, refresh_token), 'invalid_refresh_token');
}

/** The rows of a person's sessions, the oldest first. */
export async function sessionsOf(app: TestApp, { id }: Person): Promise<Record<string, any>[]> {
  const { rows } = await app.pool.query<Record<string, any>>(
    'SELECT * FROM sessions WHERE user_id = $1 ORDER BY created_at, id',
    [id],
  );
  return rows;
}
