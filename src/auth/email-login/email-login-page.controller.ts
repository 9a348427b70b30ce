/** The page that the link in the mail opens, and where a login by mail may begin. Opening it changes nothing. */
import { readFileSync } from 'node:fs';

import { Controller, Get, Header, Req, UseGuards, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

import { Public } from '../../common/access.js';
import { AsPage, baseOf, html, page } from '../../http/pages.js';
import { EmailLoginSwitch } from './email-login-switch.js';

const SCRIPT = 'email-login.js';

const emailLogin = (base: string): string =>
  page(
    'Log in by mail',
    html`<main data-address="${base}api/v1/auth/login/">
        <form id="ask" hidden>
          <label for="email">E-mail address</label>
          <input id="email" name="email" type="email" autocomplete="email" required />
          <button>Send me a code</button>
        </form>
        <form id="link" hidden><button>Log in</button></form>
        <form id="code" hidden>
          <label for="digits">Code from the mail</label>
          <input id="digits" name="code" inputmode="numeric" autocomplete="one-time-code" required />
          <button>Log in</button>
        </form>
        <form id="factor" hidden>
          <label for="proof">Code of your authenticator app, or a recovery code</label>
          <input id="proof" name="proof" autocomplete="one-time-code" required />
          <button>Log in</button>
        </form>
      </main>
      <p id="status" role="status"></p>
      <noscript><p>This page needs JavaScript.</p></noscript>`,
    base + SCRIPT,
  );

@ApiExcludeController()
@Controller({ version: VERSION_NEUTRAL })
@Public()
@UseGuards(EmailLoginSwitch)
export class EmailLoginPageController {
  private readonly script = readFileSync(new URL('./email-login.script.mjs', import.meta.url), 'utf8');

  @Get('email-login')
  @AsPage()
  emailLogin(@Req() { originalUrl: url }: FastifyRequest): string {
    return emailLogin(baseOf(url));
  }

  @Get(SCRIPT)
  @Header('content-type', 'text/javascript; charset=utf-8')
  scriptOfPage(): string {
    return this.script;
  }
}
