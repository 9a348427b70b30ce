import { TestApp } from '../support/app.js';
import { login, PASSWORD, person, type Person } from '../support/people.js';
import { me, refresh, refreshed } from '../support/sessions.js';

interface Line {
  readonly event?: string;
  readonly msg: string;
  readonly code?: string;
  readonly how?: string;
  readonly reason?: string;
}

describe('the log of sessions', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await TestApp.start({ env: { SESSIONS_PER_USER: '3' } });
  });

  beforeEach(async () => {
    ada = await person(app, 'ada');
  });

  afterAll(() => app.stop());

  /** @returns what was logged meanwhile: events as `event detail`, requests by why they were refused */
  async function logged(work: () => Promise<unknown>): Promise<string[]> {
    const before = app.log.length;
    await work();
    return app.log.slice(before).flatMap((text) => {
      const { event, msg, code, how, reason } = JSON.parse(text) as Line;
      if (event !== undefined) return [[event, how ?? reason ?? code].filter(Boolean).join(' ')];
      return msg === 'request' && code !== undefined ? [`request ${code}`] : [];
    });
  }

  it('has one line for each state', async () => {
    expect(await logged(() => login(app, ada.email))).toEqual(['session_started']);
    expect(await logged(() => refreshed(app, ada.refresh_token))).toEqual(['session_refreshed advance']);
    expect(await logged(() => refreshed(app, ada.refresh_token))).toEqual(['session_refreshed repeat']);
    app.clock.advance('31s');
    expect(await logged(() => refreshed(app, ada.refresh_token))).toEqual(['session_refreshed replace']);
    const change = { current_password: PASSWORD, new_password: 'another good one' };
    expect(await logged(() => ada.api.put('/auth/password', change))).toEqual([
      'session_ended password_change',
      'password_changed',
    ]);
    expect(await logged(() => ada.api.post('/auth/logout'))).toEqual(['session_ended logout']);
  });

  it('has one line for each session that ends', async () => {
    await login(app, ada.email);
    await login(app, ada.email);
    expect(await logged(() => login(app, ada.email))).toEqual(['session_ended session_cap', 'session_started']);
    const { access_token } = await login(app, ada.email);
    expect(await logged(() => app.api.as(access_token).post('/auth/logout', { scope: 'global' }))).toEqual(
      Array(3).fill('session_ended logout'),
    );
  });

  it('has one line for each refusal, and the line of the request says the same', async () => {
    await refreshed(app, (await refreshed(app, ada.refresh_token)).refresh_token);
    expect(await logged(() => refresh(app, ada.refresh_token))).toEqual([
      'session_ended reuse',
      'refresh_refused refresh_token_reused',
      'request refresh_token_reused',
    ]);
    expect(await logged(() => refresh(app, ada.refresh_token))).toEqual([
      'refresh_refused invalid_refresh_token',
      'request invalid_refresh_token',
    ]);
    expect(await logged(() => refresh(app, 'made up'))).toEqual(['request invalid_refresh_token']);
    expect(await logged(() => me(app, ada.access_token))).toEqual(['request token_revoked']);
    expect(await logged(() => me(app, 'made.up'))).toEqual(['request invalid_token']);
    expect(await logged(() => app.api.get('/auth/me'))).toEqual(['request authentication_required']);
  });

  it('shows no token, and nothing a token is made of', async () => {
    const next = await refreshed(app, ada.refresh_token);
    const log = app.log.join('');
    const { rows } = await app.pool.query<{ salt: Buffer }>('SELECT salt FROM sessions WHERE user_id = $1', [ada.id]);
    for (const token of [ada.access_token, ada.refresh_token, next.access_token, next.refresh_token]) {
      expect(log).not.toContain(token);
      expect(log).not.toContain(token.split('.').at(-1));
    }
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(log).not.toContain(rows[0]?.salt.toString(encoding));
  });
});
