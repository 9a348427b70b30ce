/** The test of a noun: each behaviour of its routes, with values of its fields. */

export function specOf({ many, one }, fields) {
  const required = fields.filter(({ isOptional }) => !isOptional);
  const optional = fields.filter(({ isOptional }) => isOptional);
  const nullable = fields.filter((field) => field.nullable);
  const filters = fields.filter(({ isFilter }) => isFilter);
  const [first, second] = fields;
  return `import { TestApp } from '../support/app.js';
import { walk } from '../support/pages.js';
import { person, type Person } from '../support/people.js';

const LEAST = { ${required.map(sample).join(', ')} };
const WHOLE = { ${fields.map(sample).join(', ')} };
const CHANGED = { ${fields.map(changed).join(', ')} };
const NONE = '/${many}/2147483647';

describe('${many}', () => {
  let app: TestApp;
  let alice: Person;
  let bob: Person;

  beforeAll(async () => {
    app = await TestApp.start();
    [alice, bob] = [await person(app, 'alice'), await person(app, 'bob')];
  });

  afterAll(() => app.stop());

  const create = async ({ api }: Person, body: object = WHOLE): Promise<any> => (await api.post('/${many}', body)).body;

  it('are refused without a token', async () => {
    const { id } = await create(alice);
    for (const answer of [
      await app.api.get('/${many}'),
      await app.api.post('/${many}', WHOLE),
      await app.api.get(\`/${many}/\${id}\`),
      await app.api.put(\`/${many}/\${id}\`, CHANGED),
      await app.api.delete(\`/${many}/\${id}\`),
    ])
      expect([answer.status, answer.body.code]).toEqual([401, 'authentication_required']);
  });

  it('are given back as they were written', async () => {
    const { status, body } = await alice.api.post('/${many}', WHOLE);
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(Number),
      user_id: alice.id,
      ...WHOLE,
      created_at: expect.any(String),
      updated_at: body.created_at,
    });
    expect((await alice.api.get(\`/${many}/\${body.id}\`)).body).toEqual(body);
  });

  it('are made once with an Idempotency-Key', async () => {
    const api = alice.api.with({ 'idempotency-key': 'a-key-of-the-tests-for-${many}' });
    const first = await api.post('/${many}', WHOLE);
    expect((await api.post('/${many}', WHOLE)).body).toEqual(first.body);
  });
${
  optional.length === 0
    ? ''
    : `
  it('need only what is required', async () => {
    const { status, body } = await alice.api.post('/${many}', LEAST);
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...LEAST, ${optional.map(({ name, nullable: isNull }) => `${name}: ${isNull ? 'null' : 'false'}`).join(', ')} });
  });
`
}
  it.each([
${[...required.map(missing), ...fields.flatMap(badly)].map((row) => `    [${row}],`).join('\n')}
    ['a field that there is not', { not_there: 1 }, '#/not_there', 'unknown_field'],
    ['a chosen id', { id: 7 }, '#/id', 'unknown_field'],
  ])('are refused with %s, and the field is named', async (_, bad, pointer, code) => {
    const { id } = await create(alice);
    const answers = [await alice.api.post('/${many}', { ...LEAST, ...bad })];
    if (code !== 'required') answers.push(await alice.api.put(\`/${many}/\${id}\`, bad));
    for (const { status, body } of answers) {
      expect(status).toBe(422);
      expect(body.errors).toEqual([{ pointer, code, detail: expect.any(String) }]);
    }
  });

  it.each(Object.entries(CHANGED))('change in %s alone when it is given alone', async (name, value) => {
    const made = await create(alice);
    const { status, body } = await alice.api.put(\`/${many}/\${made.id}\`, { [name]: value });
    expect(status).toBe(200);
    expect(body).toEqual({ ...made, [name]: value, updated_at: body.updated_at });
    expect(body.updated_at >= made.updated_at).toBe(true);
  });

  it('stay as they are when nothing is given', async () => {
    const made = await create(alice);
    expect((await alice.api.put(\`/${many}/\${made.id}\`, {})).body).toEqual(made);
  });
${
  nullable.length === 0
    ? ''
    : `
  it.each([${nullable.map(({ name }) => `'${name}'`).join(', ')}])('are cleared of %s by null', async (name) => {
    const made = await create(alice);
    expect((await alice.api.put(\`/${many}/\${made.id}\`, { [name]: null })).body[name]).toBeNull();
  });
`
}${
    second === undefined
      ? ''
      : `
  it('keep two changes of different fields that are made at once', async () => {
    const { id } = await create(alice);
    await Promise.all([
      alice.api.put(\`/${many}/\${id}\`, { ${first.name}: CHANGED.${first.name} }),
      alice.api.put(\`/${many}/\${id}\`, { ${second.name}: CHANGED.${second.name} }),
    ]);
    const { body } = await alice.api.get(\`/${many}/\${id}\`);
    expect([body.${first.name}, body.${second.name}]).toEqual([CHANGED.${first.name}, CHANGED.${second.name}]);
  });
`
  }
  it('are private to their owner', async () => {
    const made = await create(alice);
    for (const { status, body } of [
      await bob.api.get(\`/${many}/\${made.id}\`),
      await bob.api.put(\`/${many}/\${made.id}\`, CHANGED),
      await bob.api.put(\`/${many}/\${made.id}\`, {}),
      await bob.api.delete(\`/${many}/\${made.id}\`),
    ])
      expect([status, body.code]).toEqual([403, '${one}_forbidden']);
    expect((await alice.api.get(\`/${many}/\${made.id}\`)).body).toEqual(made);
  });

  it('are 404 where there are none', async () => {
    for (const { status, body } of [
      await alice.api.get(NONE),
      await alice.api.put(NONE, CHANGED),
      await alice.api.delete(NONE),
      await alice.api.get('/${many}/1e3'),
    ])
      expect([status, body.code]).toEqual([404, '${one}_not_found']);
  });

  it('are deleted once, also by two at once', async () => {
    const { id } = await create(alice);
    const answers = await Promise.all([alice.api.delete(\`/${many}/\${id}\`), alice.api.delete(\`/${many}/\${id}\`)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404]);
    expect((await alice.api.get(\`/${many}/\${id}\`)).status).toBe(404);
  });

  it('are listed from the newest on, and the pages add up to all of the own ones', async () => {
    const carol = await person(app, 'carol');
    const made: unknown[] = [];
    for (let n = 0; n < 5; n += 1) made.unshift(await create(carol));
    await create(bob);
    const pages = await walk<any>(carol.api, '/${many}?limit=2');
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(pages.flat()).toEqual(made);
  });
${filters
  .map(
    ({ name }) => `
  it('are filtered by ${name}', async () => {
    const dave = await person(app, 'dave');
    const [yes, no] = [await create(dave, { ...WHOLE, ${name}: true }), await create(dave, { ...WHOLE, ${name}: false })];
    expect((await dave.api.get('/${many}?${name}=true')).body).toEqual([yes]);
    expect((await dave.api.get('/${many}?${name}=false')).body).toEqual([no]);
    expect((await dave.api.get('/${many}?${name}=yes')).status).toBe(422);
  });
`,
  )
  .join('')}
  it('take a cursor only from the person it was made for', async () => {
    for (let n = 0; n < 2; n += 1) await create(bob);
    const { headers } = await bob.api.get('/${many}?limit=1');
    const cursor = /cursor=([\\w-]+)/.exec(headers.get('link') ?? '')?.[1] ?? '';
    expect((await bob.api.get(\`/${many}?cursor=\${cursor}\`)).status).toBe(200);
    expect((await alice.api.get(\`/${many}?cursor=\${cursor}\`)).status).toBe(422);
  });

  it('are in the export of their owner', async () => {
    const erin = await person(app, 'erin');
    const made = await create(erin);
    expect((await erin.api.get('/users/me/export')).body.${many}).toEqual([made]);
  });

  it('are 401 and not 500 when the account of a valid token is gone', async () => {
    const ghost = await person(app, 'ghost');
    await create(ghost);
    await app.pool.query('DELETE FROM users WHERE id = $1', [ghost.id]);
    const { status, body } = await ghost.api.post('/${many}', WHOLE);
    expect([status, body.code]).toEqual([401, 'invalid_token']);
    expect((await app.pool.query('SELECT FROM ${many} WHERE user_id = $1', [ghost.id])).rowCount).toBe(0);
  });
});
`;

  function sample({ name, samples: [value] }) {
    return `${name}: ${value}`;
  }

  function changed({ name, samples: [, value] }) {
    return `${name}: ${value}`;
  }

  function missing({ name }) {
    return `'no ${name}', { ${name}: undefined }, '#/${name}', 'required'`;
  }

  function badly({ name, bad }) {
    return bad.map(([what, value, code]) => `'${what} for ${name}', { ${name}: ${value} }, '#/${name}', '${code}'`);
  }
}
