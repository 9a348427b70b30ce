import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import pg from 'pg';
import { DataSource } from 'typeorm';

import { Cleanup } from '../../src/database/cleanup/cleanup.js';
import { ATTEMPT } from '../../src/mail/mailer.js';
import { Outbox } from '../../src/mail/outbox.js';
import { confirmationMail, passwordWasResetMail } from '../../src/mail/templates.js';
import { TestApp, type TestAppOptions } from '../support/app.js';
import { cloneTemplate, dropDatabase, emptyTables, endPool } from '../support/database.js';
import { eventually, RoostFolder } from '../support/process.js';
import { Relay } from '../support/relay.js';
import { Impostor, Smtp, smtpError } from '../support/smtp.js';

/** A test waits for what is sent by itself, some of it by time-outs. */

const SECRET = 'a-key-of-the-tests-that-nobody-else-may-use';
const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://roost:Vq7-of-nobody-else@127.0.0.1/roost',
  JWT_SECRET: 'Zt8kQ0vX3nR6yB1mW4uH7jL2pC5sF9dG',
  BCRYPT_COST: '10',
  RATE_LIMIT: 'on',
  LOGIN_GUARD: 'on',
};
const KEYS = ['1st', '2nd', '3rd'].map((name) => `${name}-key-that-nobody-else-may-use`) as [string, string, string];
const MAIL_FROM = 'Roost of the Tests <noreply@roost.example>';
/** What an SMTP server that says nothing costs. */
const IMPATIENT = '/?connectionTimeout=300&greetingTimeout=300&socketTimeout=600';

let app: TestApp;
let smtp: Smtp;
/** Of each test in its turn: none finds a mail of another. */
let database: string;
let pool: pg.Pool;
const ending: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  database = await cloneTemplate();
  pool = new pg.Pool({ connectionString: database, max: 1 });
});

afterAll(async () => {
  await endPool(pool);
  await dropDatabase(database);
});

beforeEach(async () => {
  smtp = await Smtp.start();
  ending.push(() => smtp.stop());
});

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  jest.restoreAllMocks();
  await emptyTables(pool);
});

async function start(env: Record<string, string> = {}, options: TestAppOptions = {}): Promise<TestApp> {
  const started = await TestApp.start({ env: { SMTP_URL: smtp.url, MAIL_FROM, ...env }, on: database, ...options });
  ending.push(() => started.stop());
  return started;
}

let letters = 0;

/** Any: no account is needed to mail about one. */
const SOMEBODY = '3f0c9d4e-6a53-4c0f-9a55-5d7c0a1b2e90';

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** Puts a mail into the outbox, as a transaction that causes one does. @param decoy whether nobody has the address @returns the address */
async function put(
  from = app,
  { address = `reader-${(letters += 1)}@example.org`, decoy = false } = {},
): Promise<string> {
  const content = passwordWasResetMail({ username: 'ada' });
  await from.nestApp
    .get(DataSource)
    .transaction((tx) =>
      from.nestApp
        .get(Outbox)
        .add(tx, { kind: 'password_was_reset', address, content, userId: decoy ? undefined : SOMEBODY }),
    );
  return address;
}

interface Row {
  id: string;
  attempts: number;
  sealed: Buffer | null;
  next_attempt_at: Date | null;
  sent_at: Date | null;
  given_up_at: Date | null;
  last_error: string | null;
  retry_s: number | null;
}

async function rowOf(address: string): Promise<Row> {
  const { rows } = await app.pool.query<Row>(
    `SELECT *, extract(epoch FROM next_attempt_at - clock_timestamp())::float8 - $2 AS retry_s
       FROM mails WHERE recipient = $1`,
    [address, app.clock.offsetMs / 1_000],
  );
  const [row] = rows;
  if (rows.length !== 1 || row === undefined) throw new Error(`${rows.length} mails to ${address}`);
  return row;
}

const sent = (address: string): Promise<void> => eventually(async () => (await rowOf(address)).sent_at !== null);

/** Resolves when the attempt has failed, and what became of it is written. */
const failed = (address: string, attempts = 1): Promise<void> =>
  eventually(async () => {
    const row = await rowOf(address);
    return row.attempts === attempts && row.last_error !== null;
  });

const lines = (event: string): Record<string, any>[] =>
  app.log.map((line) => JSON.parse(line) as Record<string, any>).filter((line) => line.event === event);

/** An instance says it after it has written it. */
const logged = (event: string): Promise<void> => eventually(() => lines(event).length > 0);

describe('the outbox', () => {
  it('is sent by SMTP, whole, from MAIL_FROM, and its content is not kept', async () => {
    app = await start();
    const address = await put();
    await sent(address);
    const [mail] = smtp.mailsTo(address);
    expect(mail?.from).toBe('noreply@roost.example');
    expect(mail?.parsed.from?.text).toBe('"Roost of the Tests" <noreply@roost.example>');
    expect(mail?.parsed).toMatchObject({
      subject: 'Your password was changed',
      text: expect.stringContaining('Hello ada,'),
    });
    expect(mail?.parsed.html).toContain('<p>Hello ada,</p>');
    expect(mail?.parsed.headers.get('auto-submitted')).toBe('auto-generated');
    const row = await rowOf(address);
    expect(mail?.parsed.messageId).toBe(`<${row.id}@roost.example>`);
    expect(row).toMatchObject({ sealed: null, next_attempt_at: null, given_up_at: null, attempts: 1 });
  });

  it('is sent when its transaction commits, and never when it rolls back', async () => {
    app = await start();
    const outbox = app.nestApp.get(Outbox);
    const mail = {
      kind: 'password_was_reset',
      content: passwordWasResetMail({ username: 'ada' }),
      userId: SOMEBODY,
    } as const;
    const failing = app.nestApp.get(DataSource).transaction(async (tx) => {
      await outbox.add(tx, { ...mail, address: 'undone@example.org' });
      throw new Error('the cause did not happen');
    });
    await expect(failing).rejects.toThrow('the cause did not happen');
    await sent(await put());
    expect(smtp.mailsTo('undone@example.org')).toEqual([]);
  });

  it('never sends a decoy', async () => {
    app = await start();
    await put(app, { address: 'nobody@example.org', decoy: true });
    await sent(await put());
    expect(smtp.mailsTo('nobody@example.org')).toEqual([]);
    const { rows } = await app.pool.query('SELECT * FROM mails WHERE recipient IS NULL AND next_attempt_at IS NULL');
    expect(rows).toHaveLength(1);
  });

  it('holds nothing that can be read without the secret, and no address that nobody has [T62]', async () => {
    app = await start({ SMTP_URL: '' });
    const content = confirmationMail({ username: 'ada', url: 'https://x/confirm#token=canary-token', code: '314159' });
    await app.nestApp.get(DataSource).transaction(async (tx) => {
      const outbox = app.nestApp.get(Outbox);
      await outbox.add(tx, { kind: 'email_confirmation', address: 'ada@example.org', content, userId: SOMEBODY });
      await outbox.add(tx, { kind: 'email_confirmation', address: 'nobody@example.org', content, userId: undefined });
    });
    const { rows } = await app.pool.query<Row & { all: string }>(
      "SELECT *, encode(sealed, 'escape') AS all FROM mails",
    );
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toMatch(/canary|314159|nobody@|Hello/);
  });

  it('can be read with the previous secret while secrets rotate, and is given up after a day when that is gone, too', async () => {
    const [first, second, third] = KEYS;
    app = await start({ SMTP_URL: '', JWT_SECRET: first });
    const [address, other] = [await put(), await put()];
    const rotating = await start({ JWT_SECRET: second, JWT_SECRET_PREVIOUS: first }, { sharing: app });
    await makeDue(address);
    await sent(address);
    await rotating.stop();
    ending.pop();
    const rotated = await start({ JWT_SECRET: third, JWT_SECRET_PREVIOUS: second }, { sharing: app });
    await makeDue(other);
    await sent(await put(rotated));
    expect(await rowOf(other)).toMatchObject({ attempts: 0, given_up_at: null, last_error: null });
    await advance(rotated, '25h');
    await eventually(async () => (await rowOf(other)).given_up_at !== null);
    await eventually(() => rotated.events.includes('mail_given_up'));
    expect(await rowOf(other)).toMatchObject({ sealed: null, last_error: 'was sealed with a secret that is gone' });
    expect(smtp.mails).toHaveLength(2);
  });

  it('is left by instances that cannot read it, which send all others, and warn once when nobody takes it', async () => {
    const [first, second] = KEYS;
    app = await start({ JWT_SECRET: first, OUTBOX_INTERVAL: '1s' });
    const writer = await start({ SMTP_URL: '', JWT_SECRET: second }, { sharing: app });
    const theirs: string[] = [];
    // More than an instance takes at once, and due before its own.
    for (let count = 0; count < 12; count += 1) theirs.push(await put(writer));
    for (const address of theirs) await makeDue(address);
    await sent(await put());
    expect(lines('mails_unreadable')).toEqual([]);
    await advance(app, '2m');
    await eventually(() => lines('mails_unreadable').length > 0);
    for (let count = 0; count < 3; count += 1) await sent(await put());
    expect(lines('mails_unreadable')).toHaveLength(1);
    const rows = await Promise.all(theirs.map(rowOf));
    expect(rows.map(({ attempts, last_error }) => [attempts, last_error])).toEqual(theirs.map(() => [0, null]));
    await start({ JWT_SECRET: second, JWT_SECRET_PREVIOUS: first }, { sharing: app });
    for (const address of theirs) await sent(address);
  });

  it('is tried for a day where the version before wrote it, which kept no key with it', async () => {
    const [first, second] = KEYS;
    app = await start({ SMTP_URL: '', JWT_SECRET: second });
    const address = await put();
    await app.pool.query('UPDATE mails SET key_id = NULL');
    const old = await start({ JWT_SECRET: first }, { sharing: app });
    await makeDue(address);
    await failed(address);
    await old.stop();
    ending.pop();
    const rotated = await start({ JWT_SECRET: second, JWT_SECRET_PREVIOUS: first }, { sharing: app });
    await advance(rotated, '1m');
    await sent(address);
  });

  it('counts what was sent only once it was committed, for one address after the other', async () => {
    app = await start({ SMTP_URL: '' });
    const outbox = app.nestApp.get(Outbox);
    const tries = Array.from({ length: 8 }, () =>
      app.nestApp.get(DataSource).transaction(async (tx) => {
        if (!(await outbox.mayAdd(tx, 'password_reset', 'nobody@example.org'))) return false;
        const content = passwordWasResetMail({ username: 'ada' });
        await outbox.add(tx, { kind: 'password_reset', address: 'nobody@example.org', content, userId: undefined });
        return true;
      }),
    );
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
  });
});

describe('any number of instances', () => {
  it('lose none of their mails while the secret rotates', async () => {
    const [first, second] = KEYS;
    app = await start({ JWT_SECRET: first });
    const rotated = await start({ JWT_SECRET: second, JWT_SECRET_PREVIOUS: first }, { sharing: app });
    const addresses: string[] = [];
    for (let count = 0; count < 10; count += 1) addresses.push(await put(rotated), await put(app));
    for (const address of addresses) await sent(address);
    const rows = await Promise.all(addresses.map(rowOf));
    expect(rows.map(({ attempts }) => attempts)).toEqual(addresses.map(() => 1));
  });

  it('send each mail once', async () => {
    app = await start();
    const other = await start({}, { sharing: app });
    const addresses = await Promise.all(Array.from({ length: 60 }, (_, index) => put(index % 2 ? app : other)));
    for (const address of addresses) await sent(address);
    expect(smtp.mails.map(({ to }) => to[0]).sort()).toEqual([...addresses].sort());
    const told = (): number => other.events.filter((event) => event === 'mail_sent').length + lines('mail_sent').length;
    await eventually(() => told() >= 60);
    expect(told()).toBe(60);
  });

  it('send what an instance left that was killed while sending, with the same Message-ID', async () => {
    app = await start({ SMTP_URL: '' });
    const address = await put();
    const ids: (string | undefined)[] = [];
    smtp.onMail = ({ parsed }) => {
      ids.push(parsed.messageId);
      // Neither accepted nor refused: whether it arrived, the sender cannot know.
      return ids.length === 1 ? new Promise<void>(() => undefined) : undefined;
    };
    const folder = new RoostFolder();
    ending.push(() => folder.remove());
    const env = { DATABASE_URL: app.databaseUrl, SMTP_URL: smtp.url, MAIL_FROM, JWT_SECRET: SECRET };
    const roost = folder.start(env);
    await roost.ready();
    await makeDue(address);
    await eventually(() => ids.length === 1);
    roost.kill('SIGKILL');
    await roost.exit();
    const other = await start({}, { sharing: app });
    await put(other);
    await eventually(() => smtp.mails.length === 1);
    expect(smtp.mailsTo(address)).toEqual([]);
    await advance(other, '3m');
    await sent(address);
    const row = await rowOf(address);
    expect(ids.filter((id) => id === `<${row.id}@roost.example>`)).toHaveLength(2);
    expect([smtp.mailsTo(address).length, row.attempts]).toEqual([1, 2]);
  });

  it('send once what was accepted while the database was away', async () => {
    const direct = await start({ SMTP_URL: '' });
    app = direct;
    const address = await put();
    const relay = await Relay.to(app.databaseUrl);
    ending.push(() => relay.end());
    const cut = await start({}, { sharing: app, through: relay });
    smtp.onMail = () => relay.cut();
    await makeDue(address);
    await eventually(() => cut.events.includes('outbox_unread'));
    expect([smtp.mailsTo(address).length, (await rowOf(address)).sent_at]).toEqual([1, null]);
    smtp.onMail = () => undefined;
    await relay.restore();
    await sent(address);
    expect([smtp.mailsTo(address).length, (await rowOf(address)).attempts]).toEqual([1, 1]);
  });

  it('finish what they are sending when they stop', async () => {
    app = await start({ SMTP_URL: '' });
    const address = await put();
    let accept: () => void = () => undefined;
    let arrived = false;
    smtp.onMail = () => {
      arrived = true;
      return new Promise<void>((resolve) => {
        accept = resolve;
      });
    };
    const stopping = await start({}, { sharing: app });
    ending.pop();
    await makeDue(address);
    await eventually(() => arrived);
    const stopped = stopping.stop();
    accept();
    await stopped;
    expect((await rowOf(address)).sent_at).not.toBeNull();
  });

  it('break off what a server keeps them waiting with when they stop, and leave it to be tried again', async () => {
    app = await start({ SMTP_URL: '' });
    const address = await put();
    let arrived = false;
    smtp.onMail = () => {
      arrived = true;
      return new Promise<void>(() => undefined);
    };
    const stopping = await start({ SHUTDOWN_TIMEOUT: '1s' }, { sharing: app });
    ending.pop();
    await makeDue(address);
    await eventually(() => arrived);
    await stopping.stop();
    expect(await rowOf(address)).toMatchObject({ sent_at: null, given_up_at: null, attempts: 1 });
    expect((await rowOf(address)).next_attempt_at).not.toBeNull();
  });
});

describe('a server that', () => {
  it('is down: the mail is sent when it is back', async () => {
    const { port } = smtp;
    app = await start();
    await smtp.stop();
    ending.shift();
    const address = await put();
    await failed(address);
    const row = await rowOf(address);
    expect(row.retry_s).toBeGreaterThan(20);
    expect(row.retry_s).toBeLessThanOrEqual(30);
    smtp = await Smtp.start({}, port);
    ending.unshift(() => smtp.stop());
    await advance(app, '31s');
    await sent(address);
    expect([smtp.mailsTo(address).length, (await rowOf(address)).attempts]).toEqual([1, 2]);
  });

  it('refuses for now: the mail is tried again, later and later, and given up after a day', async () => {
    smtp.onRecipient = () => {
      throw smtpError(451, '4.7.1 Greylisted');
    };
    app = await start();
    const address = await put();
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      await failed(address, attempt);
      waits.push(Math.round(((await rowOf(address)).retry_s ?? 0) / 30));
      await app.pool.query('UPDATE mails SET last_error = NULL');
      await advance(app, '61m');
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 120, 120, 120]);
    await advance(app, '14h');
    await eventually(async () => (await rowOf(address)).given_up_at !== null);
    expect(await rowOf(address)).toMatchObject({ sealed: null, next_attempt_at: null, sent_at: null });
    expect((await rowOf(address)).last_error).toContain('Greylisted');
    await logged('mail_given_up');
    expect(lines('mail_given_up')).toMatchObject([
      { kind: 'password_was_reset', code: 'EENVELOPE 451', level: 'error' },
    ]);
    expect(smtp.mails).toEqual([]);
  });

  it('knows no such recipient: given up at once, and the others get theirs', async () => {
    smtp.onRecipient = (address) => {
      if (address.startsWith('gone')) throw smtpError(550, '5.1.1 No such user');
    };
    app = await start();
    const gone = await put(app, { address: 'gone@example.org' });
    const address = await put();
    await sent(address);
    await eventually(async () => (await rowOf(gone)).given_up_at !== null);
    expect(await rowOf(gone)).toMatchObject({ attempts: 1, sealed: null });
  });

  it('refuses the whole mail for good: given up', async () => {
    smtp.onMail = () => {
      throw smtpError(554, '5.6.0 I do not like it');
    };
    app = await start();
    const address = await put();
    await eventually(async () => (await rowOf(address)).given_up_at !== null);
    await logged('mail_given_up');
    expect(lines('mail_given_up')).toMatchObject([{ code: 'EMESSAGE 554' }]);
  });

  it('refuses us and not the mail: tried again', async () => {
    smtp.onRecipient = () => {
      throw smtpError(554, '5.7.1 Relay access denied');
    };
    app = await start();
    const address = await put();
    await failed(address);
    smtp.onRecipient = () => undefined;
    await advance(app, '31s');
    await sent(address);
  });

  it('wants another password: tried again, and the password is in no line', async () => {
    const guarded = await Smtp.start({
      authOptional: false,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) => {
        if (password === 'right-canary') done(null, { user: username });
        else done(smtpError(535, '5.7.8 Authentication failed'));
      },
    });
    ending.push(() => guarded.stop());
    app = await start({ SMTP_URL: guarded.url.replace('//', '//roost:wrong-canary@') });
    const address = await put();
    await failed(address);
    expect(app.log.join('')).not.toContain('canary');
    const mended = await start({ SMTP_URL: guarded.url.replace('//', '//roost:right-canary@') }, { sharing: app });
    await advance(mended, '31s');
    await sent(address);
    expect(guarded.mailsTo(address)).toHaveLength(1);
  });

  it.each([
    ['says nothing', () => undefined, 'ETIMEDOUT'],
    ['hangs up', (socket: Socket) => socket.destroy(), 'ECONNECTION'],
    ['talks garbage', (socket: Socket) => socket.write(Buffer.alloc(2_000, '\xff\x00\n')), 'EPROTOCOL'],
    ['never ends its greeting', (socket: Socket) => socket.write('220-wait\r\n'), 'ETIMEDOUT'],
    ['greets and hangs up', (socket: Socket) => socket.end('220 hello\r\n'), 'ECONNECTION'],
    ['is no SMTP server', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'EPROTOCOL'],
  ])('%s: tried again [T64]', async (_, behave, code) => {
    const impostor = await Impostor.start(behave);
    ending.push(() => impostor.stop());
    app = await start({ SMTP_URL: impostor.url + (code === 'ETIMEDOUT' ? IMPATIENT : '') });
    const address = await put();
    await failed(address);
    expect(await rowOf(address)).toMatchObject({ given_up_at: null, attempts: 1 });
    await logged('mail_deferred');
    expect(lines('mail_deferred')).toMatchObject([{ code }]);
  });

  it('hangs up in the middle of the mail: tried again', async () => {
    let sockets = 0;
    const impostor = await Impostor.start((socket) => {
      const answers = ['250 hello\r\n', '250 ok\r\n', '250 ok\r\n', '354 go on\r\n'];
      sockets += 1;
      socket.write('220 hello\r\n');
      socket.on('data', () => {
        const next = answers.shift();
        if (next === undefined) socket.destroy();
        else socket.write(next);
      });
    });
    ending.push(() => impostor.stop());
    app = await start({ SMTP_URL: impostor.url });
    const address = await put();
    await failed(address);
    expect([sockets, (await rowOf(address)).given_up_at]).toEqual([1, null]);
  });

  it('falls silent before its last answer: tried again over another connection, with the same Message-ID', async () => {
    const relay = await Relay.to(smtp.url);
    ending.push(() => relay.end());
    smtp.onMail = () => {
      if (smtp.mails.length === 0) relay.strand();
    };
    const patient = '/?connectionTimeout=20000&greetingTimeout=20000&socketTimeout=3000';
    app = await start({ SMTP_URL: relay.url + patient });
    const address = await put();
    await failed(address);
    await logged('mail_deferred');
    expect(lines('mail_deferred')).toMatchObject([{ code: 'ETIMEDOUT' }]);
    await advance(app, '31s');
    await sent(address);
    expect(new Set(smtp.mailsTo(address).map(({ parsed }) => parsed.messageId)).size).toBe(1);
    expect([smtp.mailsTo(address).length, (await rowOf(address)).attempts]).toEqual([2, 2]);
  });

  it('answers without end: tried again, also when memory was collected meanwhile', async () => {
    jest.replaceProperty(ATTEMPT, 'mostMs', 1_000);
    const asked = new EventEmitter();
    const impostor = await Impostor.start((socket) => {
      socket.write('220 hello\r\n');
      socket.once('data', () => {
        const answering = setInterval(() => socket.write('250-and\r\n'), 10);
        socket.once('close', () => {
          clearInterval(answering);
        });
        asked.emit('asked');
      });
    });
    ending.push(() => impostor.stop());
    app = await start({ SMTP_URL: impostor.url });
    const wasAsked = once(asked, 'asked');
    const address = await put();
    await Promise.race([wasAsked, failed(address)]);
    collectGarbage();
    await failed(address);
    expect(await rowOf(address)).toMatchObject({ given_up_at: null, attempts: 1 });
  });

  it.each([
    ['a certificate that nobody vouches for', { secure: true }, 'smtps:', '', /certificate is not trusted/],
    ['such a certificate after STARTTLS', { disabledCommands: ['AUTH'] }, 'smtp:', '', /certificate is not trusted/],
    ['no TLS where it is required', {}, 'smtp:', '/?requireTLS=true', /cannot be used: /],
    ['TLS where none was expected', { secure: true }, 'smtp:', IMPATIENT, /cannot be used: /],
    ['no TLS where it was expected', {}, 'smtps:', '', /cannot be used: /],
  ])(
    'has %s: nothing is sent, it is tried again, and the log says why [V12.3.2] [T64]',
    async (_, options, protocol, query, words) => {
      const server = await Smtp.start(options);
      ending.push(() => server.stop());
      app = await start({ SMTP_URL: server.url.replace('smtp:', protocol) + query });
      const address = await put();
      await failed(address);
      expect(await rowOf(address)).toMatchObject({ given_up_at: null, sent_at: null });
      expect(server.mails).toEqual([]);
      // Why is told in words, once for all mails.
      await failed(await put());
      const told = app.log.filter((line) => line.includes('"mail_server_unusable"'));
      expect(told).toEqual([expect.stringMatching(words)]);
      expect(told.join()).not.toContain(address);
    },
  );

  it('is slow keeps no request waiting, nor mails to others [T64] [V16.5.2]', async () => {
    let accept: () => void = () => undefined;
    smtp.onMail = ({ to }) =>
      to[0]?.startsWith('slow') === true
        ? new Promise<void>((resolve) => {
            accept = resolve;
          })
        : undefined;
    app = await start();
    const slow = await put(app, { address: 'slow@example.org' });
    const address = await put();
    await sent(address);
    expect((await app.api.get('/health/ready')).status).toBe(200);
    expect((await rowOf(slow)).sent_at).toBeNull();
    accept();
    await sent(slow);
    expect(smtp.mailsTo(slow)).toHaveLength(1);
  });
});

describe('the worker', () => {
  it('sends what its own instance wrote, and what is deferred at its time, without a notification', async () => {
    const wire = await Relay.to(database);
    ending.push(() => wire.end());
    app = await start({ DATABASE_DIRECT_URL: wire.url, OUTBOX_INTERVAL: '1d' });
    await wire.cut();
    smtp.onRecipient = () => {
      throw smtpError(451, '4.2.0 busy');
    };
    const address = await put();
    await failed(address);
    smtp.onRecipient = () => undefined;
    // It is due 15 seconds later, which are many for what comes before.
    app.clock.advance('15s');
    // This mail also makes the worker look again.
    await sent(await put());
    expect(smtp.mailsTo(address)).toEqual([]);
    await sent(address);
  });

  it('sends what an instance without a mail server wrote, though it hears nothing', async () => {
    const wire = await Relay.to(database);
    ending.push(() => wire.end());
    app = await start({ DATABASE_DIRECT_URL: wire.url, OUTBOX_INTERVAL: '1s', JWT_SECRET: PRODUCTION.JWT_SECRET });
    await wire.cut();
    const writer = await start({ ...PRODUCTION, SMTP_URL: '' }, { sharing: app });
    await sent(await put(writer));
  });
});

describe('lines of the log', () => {
  it('say what became of a mail, without an address or what it says', async () => {
    smtp.onRecipient = (address) => {
      throw smtpError(451, `4.2.0 <${address}> is busy`);
    };
    app = await start();
    const address = await put();
    await failed(address);
    smtp.onRecipient = () => undefined;
    await advance(app, '31s');
    await sent(address);
    await eventually(() => lines('mail_sent').length > 0);
    const { id } = await rowOf(address);
    expect(lines('mail_deferred')).toMatchObject([{ mail: id, kind: 'password_was_reset', attempts: 1, retry_s: 30 }]);
    expect(lines('mail_sent')).toMatchObject([{ mail: id, kind: 'password_was_reset', attempts: 2 }]);
    expect(app.log.join('')).not.toMatch(/@example\.org|Hello ada/);
  });
});

describe('clean-up', () => {
  it('takes decoys after a day and mails after 30', async () => {
    app = await start();
    const address = await put();
    await sent(address);
    await put(app, { decoy: true });
    const cleaned = async (): Promise<unknown> => (await app.nestApp.get(Cleanup).run()).mails;
    app.clock.advance('23h');
    expect(await cleaned()).toBe(0);
    app.clock.advance('2h');
    expect(await cleaned()).toBe(1);
    app.clock.advance('28d');
    expect(await cleaned()).toBe(0);
    app.clock.advance('1d');
    expect(await cleaned()).toBe(1);
  });
});

describe('the dev mailbox', () => {
  it('has the mails, the newest first, whole, and those to one address', async () => {
    app = await start({ SMTP_URL: '' });
    const [first, second] = [await put(), await put()];
    await put(app, { address: 'nobody@example.org', decoy: true });
    const { status, headers, body } = await app.api.get('/dev/mailbox');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(body).toEqual(
      [second, first].map((to) => ({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        to,
        subject: 'Your password was changed',
        text: expect.stringContaining('Hello ada,'),
        html: expect.stringContaining('<p>Hello ada,</p>'),
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
      })),
    );
    expect((await app.api.get(`/dev/mailbox?to=${first}`)).body).toMatchObject([{ to: first }]);
    expect((await app.api.get(`/dev/mailbox?to=${first.toUpperCase()}`)).body).toHaveLength(1);
    expect((await app.api.get('/dev/mailbox?to=nobody@example.org')).body).toEqual([]);
    expect((await app.api.get('/dev/mailbox?to=')).status).toBe(422);
    expect((await app.api.get('/dev/mailbox?for=x')).status).toBe(422);
  });

  it('is a page for a browser, in which nothing is markup that was not meant to be [V1.2.1]', async () => {
    app = await start({ SMTP_URL: '' });
    const browser = app.api.with({ accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
    expect((await browser.get('/dev/mailbox')).text).toContain('No mail yet.');
    const content = {
      ...confirmationMail({ username: 'ada', url: 'http://roost.example/confirm#token=x', code: '123456' }),
      subject: '<script>alert(1)</script>',
    };
    await app.nestApp
      .get(DataSource)
      .transaction((tx) =>
        app.nestApp
          .get(Outbox)
          .add(tx, { kind: 'email_confirmation', address: "o'brien&co@example.org", content, userId: SOMEBODY }),
      );
    const { status, headers, text } = await browser.get('/dev/mailbox');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).toContain('o&#39;brien&amp;co@example.org');
    expect(text).toContain('<a href="http://roost.example/confirm#token=x">');
    expect(text).not.toContain('<script');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*/);
  });

  it.each([
    ['production', { ...PRODUCTION, SMTP_URL: '' }],
    ['production with SMTP_URL', PRODUCTION],
    ['development with SMTP_URL', {}],
  ])('is not there in %s', async (_, env) => {
    app = await start(env);
    expect((await app.api.get('/dev/mailbox')).body.code).toBe('route_not_found');
    expect(app.routes.filter((route) => route.includes('mailbox'))).toEqual([]);
  });

  it('is for nobody from elsewhere', async () => {
    app = await start({ SMTP_URL: '', TRUST_PROXY: '127.0.0.1/32' });
    const from = (ip: string): Promise<number> =>
      app.api
        .with({ 'x-forwarded-for': ip })
        .get('/dev/mailbox')
        .then(({ status }) => status);
    expect(await from('203.0.113.7')).toBe(404);
    expect(await from('192.168.1.7')).toBe(200);
    const untrusting = await start({ SMTP_URL: '' }, { sharing: app });
    expect((await untrusting.api.with({ 'x-forwarded-for': '127.0.0.1' }).get('/dev/mailbox')).status).toBe(404);
  });

  it('leaves mails in production to wait for SMTP_URL', async () => {
    app = await start({ ...PRODUCTION, SMTP_URL: '' });
    const address = await put();
    await start({ JWT_SECRET: PRODUCTION.JWT_SECRET }, { sharing: app });
    await sent(address);
    expect(smtp.mailsTo(address)).toHaveLength(1);
  });
});

/** Lets time pass, and the workers know. */
async function advance(of: TestApp, duration: `${number}${'s' | 'm' | 'h'}`): Promise<void> {
  of.clock.advance(duration);
  await of.pool.query('NOTIFY mails');
}

/** As if it had been written for a worker, or its time had come. */
async function makeDue(address: string): Promise<void> {
  await app.pool.query('UPDATE mails SET next_attempt_at = clock_timestamp() WHERE recipient = $1', [address]);
  await app.pool.query('NOTIFY mails');
}
