/** What is read from a request, and how strictly: JSON, types, unknown fields, ids, text. */
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';
import url from 'node:url';

import { codePoints } from '../../src/common/text.js';
import { TestApp } from '../support/app.js';
import { STRINGS } from '../support/hostile.js';
import { login, PASSWORD, person, type Person, staff } from '../support/people.js';
import { expectProblem } from '../support/problems.js';

const NAUGHTY = JSON.parse(readFileSync(resolve('test/data/blns.json'), 'utf8')) as string[];

/** Eight at a time. */
async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

interface Body {
  readonly method: string;
  readonly path: string;
  /** Of its fields. */
  readonly names: readonly string[];
  /** Those that are times. */
  readonly times: readonly string[];
}

/** What every route takes, as its document says. */
function bodies(): Body[] {
  const { paths, components } = JSON.parse(readFileSync(resolve('openapi.json'), 'utf8'));
  const routes = Object.entries<object>(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { requestBody }]) => {
      const schema = requestBody?.content['application/json'].schema ?? {};
      const properties: object = Object.assign(
        {},
        ...(schema.oneOf ?? [schema]).map(
          ({ $ref }: { $ref?: string }) => components.schemas[$ref?.split('/').at(-1) ?? '']?.properties,
        ),
      );
      const names = Object.keys(properties);
      const times = names.filter((name) =>
        /"date(?:-time)?"/.test(JSON.stringify(properties[name as keyof typeof properties])),
      );
      return { method: method.toUpperCase(), path, names, times };
    }),
  );
  return routes.filter(({ names }) => names.length > 0);
}

/** Ids of people are UUIDs, and those of nouns integers. */
function addressOf({ path }: Body, person: Person): string {
  return path.replace(/\{(?!user)\w+\}/, '1').replace(/\{\w+\}/, person.id);
}

describe('input', () => {
  let app: TestApp;
  let alice: Person;
  let admin: Person;

  beforeAll(async () => {
    app = await TestApp.start({ env: { EMAIL_LOGIN: 'on' } });
    alice = await person(app, 'alice');
    admin = await staff(app, 'admin');
  });

  afterAll(() => app.stop());

  afterEach(async () => {
    expect((await app.api.get('/health/ready')).status).toBe(200);
  });

  describe('JSON (D1, D16, T38, T39) [V1.5.3] [T39]', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

    it.each([33, 5_000, 20_000, 50_000])('nested %d deep is 400, also where nobody is logged in', async (depth) => {
      for (const body of [
        nested(depth),
        `{"bio":${nested(depth - 1)}}`,
        '{"a":'.repeat(depth) + '1' + '}'.repeat(depth),
      ]) {
        if (body.length > 100_000) continue;
        expectProblem(await app.api.post('/auth/login', body), 400, 'json_too_deep');
        expectProblem(await alice.api.patch('/users/me', body), 400, 'json_too_deep');
      }
    });

    it('nested 100,000 deep and unclosed is 400', async () => {
      expectProblem(await app.api.post('/auth/login', '['.repeat(100_000)), 400, 'json_too_deep');
    });

    it('nested 32 deep is read, and brackets in strings are no nesting', async () => {
      expectProblem(await alice.api.patch('/users/me', `{"bio":${nested(31)}}`), 422, 'validation_failed');
      const bio = '[{"'.repeat(60);
      expect((await alice.api.patch('/users/me', { bio })).body.bio).toBe(bio);
    });

    it.each([
      ['broken', '{"bio":'],
      ['with trailing junk', '{"bio":"x"} x'],
      ['twice', '{"bio":"x"}{"bio":"x"}'],
      ['with a comment', '{"bio":"x"/**/}'],
      ['with single quotes', "{'bio':'x'}"],
      ['with NaN', '{"bio":NaN}'],
      ['with a raw line break in a string', '{"bio":"a\nb"}'],
      ['with a byte order mark', '\uFEFF{"bio":"x"}'],
    ])('%s is 400', async (_title, body) => {
      expectProblem(await alice.api.patch('/users/me', body), 400, 'malformed_json');
    });

    it.each([
      ['__proto__', '{"bio":"x","__proto__":{"polluted":1}}'],
      ['__proto__', '{"bio":"x","\\u005f_proto__":{"polluted":1}}'],
      ['a', '{"bio":"x","a":[{"__proto__":{"polluted":1}}]}'],
      ['constructor', '{"bio":"x","constructor":{"prototype":{"polluted":1}}}'],
      ['constructor', '{"bio":"x","con\\u0073tructor":{"protot\\u0079pe":{"polluted":1}}}'],
    ])('with %s is refused by that name, and pollutes nothing', async (field, body) => {
      const answer = await alice.api.patch('/users/me', body);
      expectProblem(answer, 422, 'validation_failed');
      expect(answer.body.errors).toEqual([expect.objectContaining({ pointer: `#/${field}`, code: 'unknown_field' })]);
      const nested = await alice.api.patch('/users/me', '{"bio":{"__proto__":{"polluted":1}}}');
      expectProblem(nested, 422, 'validation_failed');
      expect('polluted' in {}).toBe(false);
    });

    it('in bytes that are no UTF-8 is 400, so that two passwords cannot become equal [V1.5.3]', async () => {
      const body = (byte: number): Buffer =>
        Buffer.concat([
          Buffer.from('{"email":"a@example.org","password":"'),
          Buffer.from([byte]),
          Buffer.from('12345678"}'),
        ]);
      for (const byte of [0x80, 0xc0, 0xed, 0xff])
        expectProblem(await app.api.post('/auth/register', body(byte)), 400, 'malformed_json');
      const utf16 = Buffer.from('\uFEFF{"bio":"x"}', 'utf16le');
      expectProblem(await alice.api.patch('/users/me', utf16), 400, 'malformed_json');
    });

    it.each(['null', '[]', '"x"', '1', 'true', '[{"bio":"x"}]'])(
      'that is %s at the top is 422 [V15.3.5]',
      async (body) => {
        const answer = await alice.api.patch('/users/me', body);
        expectProblem(answer, 422, 'validation_failed');
        expect(answer.body.errors).toEqual([{ pointer: '#', code: 'wrong_type', detail: 'must be a JSON object' }]);
        expectProblem(await app.api.post('/auth/login', body), 400, 'validation_failed');
      },
    );

    it('that is empty has no fields', async () => {
      const answer = await admin.api.post(`/admin/users/${alice.id}/disable`, '');
      expectProblem(answer, 422, 'validation_failed');
      expect(answer.body.errors).toMatchObject([{ pointer: '#/reason', code: 'required' }]);
    });

    it('with a key twice counts once, the last, for check and use alike', async () => {
      expect((await alice.api.patch('/users/me', '{"bio":1,"bio":"last"}')).body.bio).toBe('last');
      expectProblem(await alice.api.patch('/users/me', '{"bio":"first","bio":1}'), 422, 'validation_failed');
    });

    it('with thousands of unknown keys gets a short answer', async () => {
      const keys = Object.fromEntries(Array.from({ length: 9_000 }, (_, n) => [`k${n}`, 1]));
      const answer = await alice.api.patch('/users/me', { bio: 'x', ...keys });
      expectProblem(answer, 422, 'validation_failed');
      expect(answer.text.length).toBeLessThan(5_000);
    });

    it.each(['1e400', '-1e400', '9007199254740993', '1e-400', '-0'])(
      'number %s is never taken for text or truth',
      async (number) => {
        expectProblem(await alice.api.patch('/users/me', `{"bio":${number}}`), 422, 'validation_failed');
        expectProblem(await admin.api.get(`/admin/users?confirmed=${number}`), 422, 'validation_failed');
      },
    );
  });

  describe('an object or an array where a field has text is refused by its name', () => {
    const HOSTILE = [
      '{"constructor":1}',
      '{"constructor":{"name":"x","prototype":null}}',
      '{"a":{"b":[{"constructor":null}]}}',
      '[{"constructor":1}]',
      '{"then":1}',
      '{"toJSON":1,"toString":1,"valueOf":1}',
      '{"length":1000000000}',
      '{"hasOwnProperty":1,"isPrototypeOf":1}',
    ];

    it('on every route that takes a body', async () => {
      let fields = 0;
      for (const body of bodies()) {
        const { method, path, names } = body;
        for (const name of names) {
          fields += 1;
          for (const value of HOSTILE) {
            const answer = await admin.api.send(method, addressOf(body, admin), `{"${name}":${value}}`);
            expectProblem(answer, path.includes('/auth/') ? 400 : 422, 'validation_failed');
            expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer: `#/${name}` }));
          }
        }
      }
      expect(fields).toBeGreaterThan(30);
    });

    it('with tens of thousands of elements costs no more than it takes to parse them', async () => {
      for (const value of [
        `[${'0,'.repeat(48_000)}0]`,
        `{${'"a":0,'.repeat(12_000)}"b":0}`,
        `[${'{},'.repeat(30_000)}{}]`,
      ]) {
        const answer = await alice.api.patch('/users/me', `{"bio":${value}}`);
        expectProblem(answer, 422, 'validation_failed');
        expect(answer.body.errors).toMatchObject([{ pointer: '#/bio', code: 'wrong_type' }]);
      }
    });

    it.each(['long', '\u{1F600}', '/', '~', '%', '"'])(
      'whose names are made of %s gets an answer that does not grow with them',
      async (part) => {
        const name = part.repeat(Math.floor(1_000 / part.length));
        const nested = (bottom: unknown): unknown =>
          Array.from({ length: 20 }).reduce((below) => ({ [name]: below }), bottom);
        const unknown = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${n}${name}`, 1]));
        for (const body of [{ bio: nested('\0') }, { bio: nested('\ud800') }, { bio: 'x', ...unknown }]) {
          const answer = await alice.api.patch('/users/me', body);
          expectProblem(answer, 422, 'validation_failed');
          for (const { pointer } of answer.body.errors) {
            expect(pointer.length).toBeLessThanOrEqual(120);
            expect(decodeURI(pointer)).not.toContain('\uFFFD');
          }
          expect(answer.text.length).toBeLessThan(6_000);
        }
      },
    );
  });

  describe('text that is far too long costs no more than it takes to read it [T45]', () => {
    const DEAR = {
      'spaces inside': `x${' '.repeat(90_000)}x`,
      'marks in the wrong order': `a${'\u0301'.repeat(20_000)}${'\u0323'.repeat(20_000)}`,
      'a domain of many letters': `a@${Array.from({ length: 30_000 }, (_, n) => String.fromCharCode(0x4e00 + (n % 20_000))).join('')}`,
    };
    /** What takes time that grows with the square of the text. */
    const LONG = 1_000;

    afterEach(() => {
      jest.restoreAllMocks();
      syncBuiltinESMExports();
    });

    it.each(Object.entries(DEAR))('in every field of every body: %s', async (_, text) => {
      const normalized = jest.spyOn(STRINGS, 'normalize');
      const replaced = jest.spyOn(STRINGS, 'replace');
      const encoded = jest.spyOn(url, 'domainToASCII');
      syncBuiltinESMExports();
      const usual: Record<string, string> = {
        email: alice.email,
        password: PASSWORD,
        current_password: PASSWORD,
        new_password: 'another phrase that is good',
      };
      let fields = 0;
      for (const body of bodies()) {
        for (const name of body.names) {
          fields += 1;
          const others = body.names.filter((other) => other in usual && (name !== 'username' || other !== 'email'));
          const sent = { ...Object.fromEntries(others.map((other) => [other, usual[other]])), [name]: text };
          const caller = body.path.includes('/admin/') ? admin : alice;
          const { status } = await caller.api.send(body.method, addressOf(body, caller), JSON.stringify(sent));
          expect([body.path, name, Math.floor(status / 100)]).toEqual([body.path, name, 4]);
        }
      }
      const worked = [
        ...normalized.mock.contexts,
        ...replaced.mock.contexts,
        ...encoded.mock.calls.map(([domain]) => domain),
      ];
      expect(worked.map((each) => String(each)).filter(({ length }) => length > LONG)).toEqual([]);
      expect(fields).toBeGreaterThan(30);
    });
  });

  describe('types are strict (D6, D14) [V15.3.5] [V2.2.1] [V2.2.2]', () => {
    const wrong: Record<string, unknown[]> = {
      display_name: [1, 0, ['x'], [], {}, { length: 3 }, true, false],
      bio: [1, ['x'], {}, true],
      username: [1, 0, ['x'], {}, true, null],
    };

    it.each(Object.entries(wrong))('%s', async (field, values) => {
      const before = (await alice.api.get('/users/me')).body;
      for (const value of values) {
        const answer = await alice.api.patch('/users/me', { [field]: value });
        expectProblem(answer, 422, 'validation_failed');
        expect(answer.body.errors).toMatchObject([{ pointer: `#/${field}`, code: 'wrong_type' }]);
      }
      expect((await alice.api.get('/users/me')).body).toEqual(before);
    });

    it.each<[string, unknown[]]>([
      ['title', [1, 0, ['x'], [], {}, { length: 3 }, true, false, null]],
      ['description', [1, ['x'], {}, true]],
      ['completed', ['true', 'false', '', 'on', 1, 0, [true], {}, null]],
    ])('%s of tasks', async (field, values) => {
      const { body: task } = await alice.api.post('/tasks', { title: 'one' });
      const path = `/tasks/${task.id}`;
      for (const value of values) {
        const answers = [await alice.api.put(path, { [field]: value })];
        if (field !== 'completed') answers.push(await alice.api.post('/tasks', { title: 'x', [field]: value }));
        else answers.push(await alice.api.patch(`${path}/complete`, { [field]: value }));
        for (const answer of answers) {
          expectProblem(answer, 422, 'validation_failed');
          expect(answer.body.errors).toMatchObject([{ pointer: `#/${field}`, code: 'wrong_type' }]);
        }
      }
      expect((await alice.api.get(path)).body).toEqual(task);
    });

    it.each(['email', 'username', 'password'])('%s of accounts', async (field) => {
      const account = { email: 'strict@example.org', username: 'strict', password: PASSWORD };
      for (const value of [1, ['x'], {}, true, null]) {
        const answer = await app.api.post('/auth/register', { ...account, [field]: value });
        expectProblem(answer, 400, 'validation_failed');
        expect(answer.body.errors).toMatchObject([{ pointer: `#/${field}`, code: 'wrong_type' }]);
      }
    });

    it.each([
      '1e1',
      '0x10',
      '1.0',
      '%201',
      '1%20',
      '%2B1',
      '-1',
      '0',
      '101',
      '1000000000',
      '99999999999999999999',
      'NaN',
      'Infinity',
      '',
      'null',
      '%D9%A1',
    ])('limit=%s is 422 [V1.4.2]', async (limit) => {
      const answer = await alice.api.get(`/users/me/activity?limit=${limit}`);
      expectProblem(answer, 422, 'validation_failed');
      expect(answer.body.errors).toMatchObject([{ pointer: '#/limit' }]);
    });

    it.each([
      'limit=1&limit=2',
      'q=a&q=b',
      'confirmed=true&confirmed=false',
      'sort=email&sort=email',
      'cursor=a&cursor=a',
    ])('a parameter given twice is refused: %s', async (query) => {
      const answer = await admin.api.get(`/admin/users?${query}`);
      expectProblem(answer, 422, 'validation_failed');
      expect(answer.body.errors).toMatchObject([{ pointer: `#/${query.split('=')[0]}` }]);
    });
  });

  describe('unknown fields are refused by name (D13, T26) [V15.3.3] [V8.2.3] [V2.2.1] [T26]', () => {
    const names = [
      'role',
      'id',
      'user_id',
      'userId',
      'created_at',
      'constructor',
      'toString',
      'hasOwnProperty',
      'valueOf',
      '__defineGetter__',
      'prototype',
      'then',
      'a/b~c',
      '',
    ];

    it.each(names)('%j', async (name) => {
      const pointer = `#/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const fault = { pointer, code: 'unknown_field', detail: expect.any(String) };
      const refused = [
        await alice.api.patch('/users/me', { bio: 'x', [name]: 'admin' }),
        await alice.api.patch('/users/me', { [name]: 'admin' }),
        await admin.api.post(`/admin/users/${alice.id}/disable`, { reason: 'x', [name]: 'admin' }),
      ];
      for (const answer of refused) {
        expectProblem(answer, 422, 'validation_failed');
        expect(answer.body.errors).toEqual([fault]);
      }
      const asked = await alice.api.get(`/users/me/activity?${encodeURIComponent(name)}=admin`);
      expectProblem(asked, 422, 'validation_failed');
      expect(asked.body.errors).toEqual([{ ...fault, in: 'query' }]);
      const account = { email: 'unknown@example.org', password: PASSWORD, [name]: 'admin' };
      const registered = await app.api.post('/auth/register', account);
      expectProblem(registered, 400, 'validation_failed');
      expect(registered.body.errors).toEqual([fault]);
    });

    it('as query parameters, too', async () => {
      for (const query of ['__proto__=1', 'q[]=a', 'q[a]=b', 'q.a=b', '=']) {
        expectProblem(await admin.api.get(`/admin/users?${query}`), 422, 'validation_failed');
      }
    });
  });

  describe('ids in paths (D3, T41) [V1.4.2] [T41]', () => {
    it.each([
      '1e3',
      '0x10',
      '1.0',
      '%201',
      '1%20',
      '+1',
      '01',
      '0',
      '-1',
      '-0',
      '2147483648',
      '4294967297',
      '99999999999999999999',
      '%00',
      '1%00',
      'NaN',
      'null',
      '%D9%A1',
      '1;a',
      "1'--",
      '..%2f1',
      '%F0%9F%98%80',
      '%EF%BF%BD',
    ])('%s is 404 for every method', async (id) => {
      const path = `/tasks/${id}`;
      const answers = [
        await alice.api.get(path),
        await alice.api.put(path, { title: 'x' }),
        await alice.api.delete(path),
        await alice.api.patch(`${path}/complete`, { completed: true }),
      ];
      for (const answer of answers) {
        expect(answer.status).toBe(404);
        expect(['task_not_found', 'route_not_found']).toContain(answer.body.code);
      }
    });
  });

  describe('text that cannot be stored is refused with its place (D4) [V1.3.3] [T44]', () => {
    const BAD = {
      NUL: '\\u0000',
      'a high surrogate': '\\ud800',
      'a low surrogate': '\\udfff',
      'surrogates the wrong way round': '\\udc00\\ud800',
    };

    it.each(Object.entries(BAD))('%s', async (_name, escaped) => {
      const code = 'invalid_text';
      for (const text of [escaped, `before${escaped}`, `${escaped}after`]) {
        const cases: [string, string][] = [
          [`{"display_name":"${text}"}`, '#/display_name'],
          [`{"display_name":"x","bio":"${text}"}`, '#/bio'],
          [`{"bio":{"a":["${text}"]}}`, '#/bio/a/0'],
          [`{"bio":"x","${text}":1}`, '#'],
        ];
        for (const [body, pointer] of cases) {
          const answer = await alice.api.patch('/users/me', body);
          expectProblem(answer, 422, 'validation_failed');
          expect(answer.body.errors).toEqual([{ pointer, code, detail: expect.any(String) }]);
        }
        const login = await app.api.post('/auth/login', `{"email":"a@example.org","password":"${text}"}`);
        expectProblem(login, 400, 'validation_failed');
        expect(login.body.errors).toMatchObject([{ pointer: '#/password', code }]);
      }
    });

    it('NUL in a query', async () => {
      for (const name of ['q', 'sort', 'cursor', 'limit', 'confirmed']) {
        const answer = await admin.api.get(`/admin/users?${name}=%00`);
        expectProblem(answer, 422, 'validation_failed');
        expect(answer.body.errors).toMatchObject([{ pointer: `#/${name}`, code: 'invalid_text' }]);
      }
      expectProblem(await admin.api.get('/admin/users?%00=1'), 422, 'validation_failed');
    });
  });

  it('takes times of every body in one form only; timestamps.spec.ts has it (D5)', async () => {
    let times = 0;
    for (const body of bodies())
      for (const name of body.times)
        for (const value of ['tomorrow', '2026-01-31', '2026-02-31T00:00:00Z', 1_767_225_600, true]) {
          times += 1;
          const answer = await admin.api.send(body.method, addressOf(body, admin), { [name]: value });
          expectProblem(answer, 422, 'validation_failed');
          expect(answer.body.errors).toContainEqual(
            expect.objectContaining({ pointer: `#/${name}`, code: 'wrong_format' }),
          );
        }
    expect(times).toBeGreaterThan(0);
  });

  describe('accounts', () => {
    it.each([
      'а@example.org',
      'ａ@example.org',
      '"a b"@example.org',
      'İ@example.org',
      'a@exa mple.org',
      'a@example.org\n',
      ' a@example.org',
    ])('have no e-mail address such as %j (D15)', async (email) => {
      expectProblem(await app.api.post('/auth/register', { email, password: PASSWORD }), 400, 'validation_failed');
    });

    it('have one canonical e-mail address (D15)', async () => {
      await app.api.post('/auth/register', { email: 'Canonical@B\u00FCcher.example', password: PASSWORD });
      for (const email of [
        'canonical@b\u00FCcher.example',
        'CANONICAL@XN--BCHER-KVA.EXAMPLE',
        'canonical@B\u00DCCHER.example',
      ]) {
        expectProblem(await app.api.post('/auth/register', { email, password: PASSWORD }), 409, 'email_taken');
        await login(app, email);
      }
    });

    it('have passwords of at most 72 bytes, every byte of which counts (D17) [T14] [R24]', async () => {
      for (const [name, longest] of [
        ['ascii', 'a'.repeat(72)],
        ['accented', '\u00E9'.repeat(36)],
        ['astral', '\u{1F600}'.repeat(18)],
      ] as const) {
        const email = `${name}72@example.org`;
        expectProblem(
          await app.api.post('/auth/register', { email, password: `${longest}x` }),
          400,
          'validation_failed',
        );
        expect((await app.api.post('/auth/register', { email, password: longest })).status).toBe(201);
        await login(app, email, longest);
        expectProblem(
          await app.api.post('/auth/login', { email, password: `${longest}x` }),
          401,
          'invalid_credentials',
        );
        const changed = `${longest.slice(0, -2)}zz`;
        expectProblem(await app.api.post('/auth/login', { email, password: changed }), 401, 'invalid_credentials');
      }
    });

    it('have passwords that are compared as they are but for the Unicode form: no trimming (D16, D17) [V6.2.8] [T15]', async () => {
      const email = 'exact@example.org';
      await app.api.post('/auth/register', { email, password: 'caf\u00E9 au lait' });
      for (const password of ['cafe au lait', 'caf\u00E9 au lait ', 'Caf\u00E9 au lait', 'caf\uFFFD au lait'])
        expectProblem(await app.api.post('/auth/login', { email, password }), 401, 'invalid_credentials');
      await login(app, email, 'caf\u00E9 au lait');
    });
  });

  describe('naughty strings (T44)', () => {
    it('are 515', () => {
      expect(NAUGHTY).toHaveLength(515);
    });

    it('come back byte for byte as a name and as a text, or are refused [V1.3.3] [T44]', async () => {
      const refused: string[] = [];
      const idle = await Promise.all(Array.from({ length: 8 }, () => person(app)));
      await inTurns(NAUGHTY, async (text) => {
        const [who] = idle.splice(0, 1) as [Person];
        const isShort = codePoints(text) <= 50;
        const profile = { display_name: isShort ? text : null, bio: text };
        let changed = await who.api.patch('/users/me', profile);
        if (changed.status === 422) {
          if (isShort) refused.push(text);
          profile.display_name = null;
          changed = await who.api.patch('/users/me', profile);
        }
        expect(changed.status).toBe(codePoints(text) <= 500 ? 200 : 422);
        if (changed.status === 200) expect((await who.api.get('/users/me')).body).toMatchObject(profile);
        idle.push(who);
      });
      const visible = refused.filter((text) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(text));
      expect(visible).toEqual([]);
      expect(refused.length).toBeLessThan(30);
    });

    it('are found by their own text, and never an error of ours in queries, cursors and paths [V1.2.4] [T42] [T43] [V1.2.9]', async () => {
      await inTurns(NAUGHTY, async (text) => {
        const encoded = encodeURIComponent(text);
        const found = await admin.api.get(`/admin/users?limit=1&q=${encoded}`);
        expect(found.status).toBe(text !== '' && codePoints(text) <= 255 ? 200 : 422);
        expect((await admin.api.get(`/admin/users?sort=${encoded}`)).status).toBe(422);
        expect((await admin.api.get(`/admin/users?cursor=${encoded}`)).status).toBe(422);
        if (text !== '' && encoded.length <= 100) {
          const { status } = await admin.api.get(`/admin/users/${encoded}`);
          expect([200, 403, 404]).toContain(status);
        }
      });
    });
  });
});
