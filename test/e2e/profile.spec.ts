/** What people say of themselves. */
import { unwrap, type UpdateProfileRequest } from 'roost-client';

import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { audited, auditOf } from '../support/audit.js';
import { login, PASSWORD, person, type Person } from '../support/people.js';
import { expectRefused } from '../support/sessions.js';
import { soaked } from '../support/soak.js';

let app: TestApp;
let ada: Person;

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(() => app.stop());

beforeEach(async () => {
  ada = await person(app, 'ada');
});

const profile = ({ client }: Pick<Person, 'client'>) => client.get('/users/me');

const change = ({ client }: Pick<Person, 'client'>, body: UpdateProfileRequest) => client.patch('/users/me', { body });

/** What the types of the client forbid. */
const tamper = ({ api }: Person, body: object): Promise<Answer> => api.patch('/users/me', body);

describe('a profile', () => {
  it('is what GET /auth/me says', async () => {
    expect(await unwrap(profile(ada))).toEqual(await unwrap(ada.client.get('/auth/me')));
  });

  it('holds what its owner writes, byte for byte, and everything else stays', async () => {
    const before = await unwrap(profile(ada));
    const said = { display_name: ' Ada  Lovelace 👩🏽‍💻\u0301 ', bio: 'Notes,\r\n\tcursives,\n\nand so on. \u202Eabc' };
    const after = await unwrap(change(ada, said));
    expect(after).toEqual({ ...before, ...said, updated_at: after.updated_at });
    expect(Date.parse(after.updated_at)).toBeGreaterThan(Date.parse(before.updated_at));
    expect(await unwrap(profile(ada))).toEqual(after);
    expect(await unwrap(change(ada, { bio: 'Only this.' }))).toMatchObject({ display_name: said.display_name });
  });

  it('is emptied by null', async () => {
    await change(ada, { display_name: 'Ada', bio: 'x' });
    const emptied = { display_name: null, bio: null };
    expect(await unwrap(change(ada, emptied))).toMatchObject(emptied);
  });

  it('stays as it is, with its time, when nothing is given or nothing differs', async () => {
    const before = await unwrap(change(ada, { bio: 'x' }));
    for (const body of [{}, { bio: 'x', username: ada.username }])
      expect(await unwrap(change(ada, body))).toEqual(before);
  });

  it('of two who want each other’s name at once stays as it is: nobody deadlocks', async () => {
    const bob = await person(app, 'bob');
    for (let round = 0; round < soaked(300, 20); round += 1) {
      const answers = await Promise.all([
        change(ada, { username: bob.username }),
        change(bob, { username: ada.username }),
      ]);
      for (const answer of answers) expectRefused(answer, 'username_taken', 409);
    }
  });

  it('takes as many characters as there is room for, counted in code points', async () => {
    const said = { display_name: '😀'.repeat(50), bio: '😀'.repeat(500) };
    expect(await unwrap(change(ada, said))).toMatchObject(said);
  });

  const BAD: [string, object, string, string][] = [
    ['a blank name', { display_name: ' \u200B\u2800' }, 'display_name', 'blank'],
    ['an empty name', { display_name: '' }, 'display_name', 'too_short'],
    ['a long name', { display_name: '😀'.repeat(51) }, 'display_name', 'too_long'],
    ['a name that is no text', { display_name: 7 }, 'display_name', 'wrong_type'],
    ['a name with NUL', { display_name: 'a\0' }, 'display_name', 'invalid_text'],
    ['a long bio', { bio: 'x'.repeat(501) }, 'bio', 'too_long'],
    ['a bio with a lone surrogate', { bio: '\ud800' }, 'bio', 'invalid_text'],
    ['no username', { username: null }, 'username', 'wrong_type'],
    ['a short username', { username: 'ab' }, 'username', 'too_short'],
    ['a long username', { username: 'a'.repeat(31) }, 'username', 'too_long'],
    ['a username with other letters', { username: 'ada.l' }, 'username', 'wrong_format'],
    ['a username with a line break', { username: 'ada\n' }, 'username', 'wrong_format'],
    ['a reserved username', { username: 'Me' }, 'username', 'too_short'],
    ['a reserved username', { username: 'Admin' }, 'username', 'reserved'],
    ['a password', { hashedPassword: 'x' }, 'hashedPassword', 'unknown_field'],
    ['an internal name', { displayName: 'x' }, 'displayName', 'unknown_field'],
    ['an epoch', { token_epoch: 7 }, 'token_epoch', 'unknown_field'],
  ];

  it.each(BAD)('refuses %s, the field named, and changes nothing', async (_, body, field, code) => {
    const before = await unwrap(profile(ada));
    const answer = await tamper(ada, { bio: 'with it', ...body });
    expect([answer.status, answer.body.errors[0].pointer, answer.body.errors[0].code]).toEqual([
      422,
      `#/${field}`,
      code,
    ]);
    expect(await unwrap(profile(ada))).toEqual(before);
  });

  describe('gives nobody more than it is for [V15.3.3] [T26]', () => {
    const OTHERS: [string, unknown][] = [
      ['id', '00000000-0000-4000-8000-000000000000'],
      ['user_id', '00000000-0000-4000-8000-000000000000'],
      ['role', 'admin'],
      ['email', 'another@example.org'],
      ['email_confirmed', true],
      ['created_at', '2020-01-01T00:00:00.000Z'],
      ['status', 'active'],
      ['deletion', 'own'],
    ];
    const rowOf = async ({ id }: Person): Promise<unknown> =>
      (await app.pool.query('SELECT * FROM users WHERE id = $1', [id])).rows[0];

    it.each(OTHERS)(
      'by %s: refused alone, beside what may change, and nested; read from no query',
      async (field, value) => {
        const before = await rowOf(ada);
        const tries: [Answer, string][] = [
          [await tamper(ada, { [field]: value }), field],
          [await tamper(ada, { bio: 'with it', [field]: value }), field],
          [await tamper(ada, { bio: { [field]: value } }), 'bio'],
          [await tamper(ada, { user: { [field]: value } }), 'user'],
          [await tamper(ada, { [`user.${field}`]: value }), `user.${field}`],
        ];
        for (const [{ status, body }, pointer] of tries)
          expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'validation_failed', `#/${pointer}`]);
        const query = `${field}=${encodeURIComponent(String(value))}`;
        expect((await ada.api.patch(`/users/me?${query}`, {})).status).toBe(200);
        expect(await rowOf(ada)).toEqual(before);
      },
    );

    it('by the prototype [V15.3.6]', async () => {
      const before = await rowOf(ada);
      const { status } = await tamper(ada, JSON.parse('{"__proto__": {"role": "admin"}, "bio": "with it"}') as object);
      expect([400, 422]).toContain(status);
      expect(await rowOf(ada)).toEqual(before);
    });
  });

  it('is for nobody who is not logged in', async () => {
    expectRefused(await profile(app), 'authentication_required');
    expectRefused(await change(app, { bio: 'x' }), 'authentication_required');
    await unwrap(ada.client.post('/auth/logout'));
    expectRefused(await change(ada, { bio: 'x' }), 'token_revoked');
  });
});

describe('a username', () => {
  it('is changed, and logged in with, and the old one is free again', async () => {
    const bob = await person(app, 'bob');
    const username = `Countess_${ada.username}`;
    const rows = await audited(app, async () => {
      expect((await unwrap(change(ada, { username }))).username).toBe(username);
    });
    expect(rows).toMatchObject([
      {
        action: 'user.renamed',
        actor_id: ada.id,
        subject_id: ada.id,
        before: { username: ada.username },
        after: { username },
      },
    ]);
    const body = { username: username.toLowerCase(), password: PASSWORD };
    expect((await app.client.post('/auth/login', { body })).status).toBe(200);
    expect((await change(bob, { username: ada.username })).status).toBe(200);
  });

  it('may change only its case', async () => {
    const username = ada.username.toUpperCase();
    expect((await unwrap(change(ada, { username }))).username).toBe(username);
  });

  it('of somebody else is refused in any case, and nothing else is changed either', async () => {
    const bob = await person(app, 'bob');
    expect(
      await audited(app, async () => {
        expectRefused(await change(bob, { username: ada.username.toUpperCase(), bio: 'x' }), 'username_taken', 409);
      }),
    ).toEqual([]);
    expect(await unwrap(profile(bob))).toMatchObject({ username: bob.username, bio: null });
  });

  it('goes to one of two who want it at the same moment', async () => {
    const there = await TestApp.start({ sharing: app });
    try {
      const bob = await person(app, 'bob');
      const other = await login(there, bob.email);
      const rounds = soaked(30, 10);
      for (let round = 0; round < rounds; round += 1) {
        const username = `wanted_${round}`;
        const answers = await Promise.all([
          change(ada, { username }),
          change(other, { username: username.toUpperCase() }),
        ]);
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      }
      const renamed = [...(await auditOf(app, ada.id)), ...(await auditOf(app, bob.id))];
      expect(renamed.filter(({ action }) => action === 'user.renamed')).toHaveLength(rounds);
    } finally {
      await there.stop();
    }
  });

  it('is swapped with somebody else at the same moment by neither, and nobody is told of an inner fault', async () => {
    const bob = await person(app, 'bob');
    const answers = await Promise.all([
      change(ada, { username: bob.username }),
      change(bob, { username: ada.username }),
    ]);
    for (const { status } of answers) expect([409, 503]).toContain(status);
    for (const whose of [ada, bob]) expect(await unwrap(profile(whose))).toMatchObject({ username: whose.username });
  });

  it('and a bio that are changed at the same moment are both changed', async () => {
    const username = `both_${ada.username}`;
    await Promise.all([change(ada, { username }), change(ada, { bio: 'both' })]);
    expect(await unwrap(profile(ada))).toMatchObject({ username, bio: 'both' });
  });
});
