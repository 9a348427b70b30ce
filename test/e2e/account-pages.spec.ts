import type { Browser, BrowserContext, Page } from 'playwright-core';

import { TestApp } from '../support/app.js';
import { complaintsOf, describeInBrowser, openBrowser } from '../support/browser.js';
import { linkIn, type Mail, mailsTo } from '../support/mailbox.js';
import { confirmAddress, login, PASSWORD, person, type Person } from '../support/people.js';
import { expectDead } from '../support/sessions.js';

let app: TestApp;
let ada: Person;

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(() => app.stop());

beforeEach(async () => {
  ada = await person(app, 'ada');
});

async function mailed(subject: string): Promise<Mail> {
  const [mail] = await mailsTo(app, ada.email, subject);
  if (!mail) throw new Error(`no mail "${subject}"`);
  return mail;
}

async function resetLink(): Promise<string> {
  await app.api.post('/auth/password/forgot', { email: ada.email });
  return linkIn(await mailed('Choose a new password')).href;
}

describe('the pages that links in mails open', () => {
  it.each(['/reset', '/confirm', '/undo'])(
    '%s runs scripts of its own origin only, and is in no frame or cache',
    async (path) => {
      const { status, headers, text } = await app.api.get(path);
      expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self'; connect-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|data:/);
      expect(text.match(/<script\b[^>]*>/g)).toEqual(['<script type="module" src="account-pages.js">']);
      expect(text).not.toMatch(/\son\w+=|javascript:/);
      expect([headers.get('cache-control'), headers.get('referrer-policy')]).toEqual(['no-store', 'no-referrer']);
    },
  );

  it.each(['/reset/', '/confirm/', '/undo/', '/reset/?from=mail'])(
    '%s answers like the page without the slash',
    async (path) => {
      const { status, text } = await app.api.get(path);
      expect(status).toBe(200);
      expect(text).toContain('src="../account-pages.js"');
      expect(text).toContain('data-address="../api/v1/auth/');
    },
  );

  it('have their script', async () => {
    const { headers, text } = await app.api.get('/account-pages.js');
    expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(text).not.toMatch(/innerHTML|eval|document\.write/);
  });

  it('use no token up when they are fetched, as mail scanners do [V3.5.3]', async () => {
    const link = await resetLink();
    for (const method of ['GET', 'HEAD', 'GET']) expect((await fetch(link, { method })).status).toBe(200);
    const { rows } = await app.pool.query('SELECT purpose FROM account_tokens WHERE user_id = $1', [ada.id]);
    expect(rows).toContainEqual({ purpose: 'password_reset' });
  });
});

describeInBrowser('the pages in a browser', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    browser = await openBrowser();
  }, 60_000);

  afterAll(() => browser.close());

  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    complaints = complaintsOf(page);
  });

  afterEach(() => context.close());

  const status = (text: string | RegExp): Promise<void> => page.getByRole('status').filter({ hasText: text }).waitFor();

  it('show the mailbox, and its links lead on', async () => {
    await resetLink();
    await page.goto(`${app.url}/dev/mailbox?to=${ada.email}`);
    await page.getByRole('heading', { name: 'Choose a new password' }).waitFor();
    await page.getByRole('link', { name: '/reset#token=' }).click();
    await page.getByLabel('New password').waitFor();
    expect(complaints).toEqual([]);
  });

  it('change a password, and the token is in no address, request line or log', async () => {
    await confirmAddress(app, ada.email);
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    const link = await resetLink();
    const token = link.replace(/^.*token=/, '');
    await page.goto(link);
    await page.getByLabel('New password').fill('engine no. 2');
    expect(page.url()).toBe(`${app.url}/reset`);
    await page.getByRole('button', { name: 'Change my password' }).click();
    await status('Your password is changed');
    await login(app, ada.email, 'engine no. 2');
    await expectDead(app, ada);
    expect(requests.filter((url) => !url.startsWith(link) && url.includes(token))).toEqual([]);
    expect(app.log.join('')).not.toContain(token);
    expect(complaints).toEqual([]);
  });

  it('confirm an address when the button is pressed, and not before', async () => {
    const requests: string[] = [];
    page.on('request', (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await page.goto(linkIn(await mailed('Confirm your e-mail address')).href);
    const button = page.getByRole('button', { name: 'This is my address' });
    await button.waitFor();
    expect(requests.filter((request) => !request.endsWith('/favicon.ico'))).toEqual([
      'GET /confirm',
      'GET /account-pages.js',
    ]);
    expect((await ada.api.get('/auth/me')).body.email_confirmed).toBe(false);
    await button.click();
    await status('Your e-mail address is confirmed');
    expect((await ada.api.get('/auth/me')).body.email_confirmed).toBe(true);
    expect(page.url()).toBe(`${app.url}/confirm`);
    expect(complaints).toEqual([]);
  });

  it.each([
    { afresh: false, answer: /I did/ },
    { afresh: true, answer: /Somebody else/ },
  ])(
    'ask who made an account of an unconfirmed address ($answer), and do what was chosen',
    async ({ afresh, answer }) => {
      await ada.api.patch('/users/me', { bio: 'before the reset' });
      await page.goto(await resetLink());
      await page.getByLabel('New password').fill('engine no. 2');
      await page.getByRole('button').click();
      await page.getByRole('radio', { name: answer }).check();
      await page.getByRole('button').click();
      await status('Your password is changed');
      const { access_token } = await login(app, ada.email, 'engine no. 2');
      const { body } = await app.api.as(access_token).get('/users/me');
      expect(body.bio).toBe(afresh ? null : 'before the reset');
      await expectDead(app, ada);
      expect(complaints).toEqual([]);
    },
  );

  it('undo a change of address, with a new password', async () => {
    await confirmAddress(app, ada.email);
    await ada.api.post('/users/me/email', { email: `new-${ada.email}`, current_password: PASSWORD });
    await page.goto(linkIn(await mailed('Your e-mail address is about to change')).href);
    await page.getByLabel('New password').fill('engine no. 2');
    expect(page.url()).toBe(`${app.url}/undo`);
    await page.getByRole('button', { name: 'Undo the change' }).click();
    await status('Your account has this address');
    await login(app, ada.email, 'engine no. 2');
    await expectDead(app, ada);
    expect(complaints).toEqual([]);
  });

  it('say what is wrong with a password, and let another be chosen', async () => {
    await confirmAddress(app, ada.email);
    await page.goto(await resetLink());
    await page.getByLabel('New password').fill('password1');
    await page.getByRole('button').click();
    await status('one of the passwords that are used most');
    await page.getByLabel('New password').fill('engine no. 2');
    await page.getByRole('button').click();
    await status('Your password is changed');
  });

  it('say that a link is not valid any more, or incomplete', async () => {
    await page.goto(`${app.url}/reset#token=${'a'.repeat(43)}`);
    await page.getByLabel('New password').fill('engine no. 2');
    await page.getByRole('button').click();
    await status('request another mail');
    await page.goto(`${app.url}/reset?x`);
    await page.getByLabel('New password').fill('engine no. 2');
    await page.getByRole('button').click();
    await status('This link is incomplete');
  });

  it('show what a token says as text', async () => {
    await page.goto(`${app.url}/reset#token=${encodeURIComponent('<img src=x onerror=alert(1)>')}`);
    await page.getByLabel('New password').fill('engine no. 2');
    await page.getByRole('button').click();
    await status('request another mail');
    expect(await page.locator('img').count()).toBe(0);
  });
});
