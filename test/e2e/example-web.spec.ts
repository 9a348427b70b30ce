import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';

import { TestApp } from '../support/app.js';
import { complaintsOf, describeInBrowser, openBrowser } from '../support/browser.js';
import { freePort } from '../support/ports.js';
import { PASSWORD, person } from '../support/people.js';
import { enrol } from '../support/totp.js';

const ROOT = join(__dirname, '../..');

describeInBrowser('the example of a front end', () => {
  let site: ChildProcess;
  let origin: string;
  let app: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    const built = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'clients/typescript'], {
      cwd: ROOT,
    });
    expect(built.status).toBe(0);
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    app = await TestApp.start({ env: { CORS_ORIGINS: origin } });
    site = spawn(process.execPath, ['examples/web/serve.mjs', String(port), app.url], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(site.stdout ?? site, 'data');
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await app.stop();
    site.kill();
  });

  async function open(): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(origin);
    return page;
  }

  async function logIn(page: Page, email: string, password = PASSWORD): Promise<void> {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
  }

  it('registers, keeps tasks over a reload, and logs out', async () => {
    const page = await open();
    const complaints = complaintsOf(page);
    await page.getByLabel('E-mail').fill('grace@example.org');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Register' }).click();
    await page.getByLabel('New task').fill('Find the moth');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByLabel('Find the moth').check();
    await page.locator('[data-done=true]').waitFor();
    await page.reload();
    await page.locator('[data-done=true]', { hasText: 'Find the moth' }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows posts as they appear', async () => {
    const [ada, bob] = [await person(app, 'ada'), await person(app, 'bob')];
    await ada.api.put(`/users/${bob.username}/follow`);
    const page = await open();
    await logIn(page, ada.email);
    await page.getByLabel('New post').fill('one');
    await page.getByRole('button', { name: 'Post', exact: true }).click();
    await page.locator('#timeline li', { hasText: `${ada.username}: one` }).waitFor();
    await bob.api.post('/posts', { text: 'two' });
    await page.locator('#timeline li', { hasText: `${bob.username}: two` }).waitFor();
    expect(await page.locator('#timeline li').allTextContents()).toEqual([
      `${bob.username}: two`,
      `${ada.username}: one`,
    ]);
  });

  it('asks for the second step where an account has one', async () => {
    const ada = await person(app, 'ada');
    const { authenticator } = await enrol(app, ada);
    const page = await open();
    await logIn(page, ada.email);
    await page.getByLabel('Code of your app').fill('000000');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('The second factor is wrong').waitFor();
    await page.getByLabel('Code of your app').fill(authenticator.next());
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText(ada.username).waitFor();
  });

  it('says what is wrong', async () => {
    const ada = await person(app, 'ada');
    const page = await open();
    await logIn(page, ada.email, 'wrong horse battery');
    await page.getByText('The account or the password is wrong.').waitFor();
  });
});
