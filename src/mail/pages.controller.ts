/** The pages that links in mails open, and the one that asks for such a mail, for teams without a front end of their own. Opening one changes nothing. */
import { readFileSync } from 'node:fs';

import { Controller, Get, Header, Req, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

import { Public } from '../common/access.js';
import { AsPage, baseOf, html, page } from '../http/pages.js';

/** Beside the pages, so that both also work below a path of PUBLIC_URL. */
const SCRIPT = 'account-pages.js';

/** @param base of the addresses in it: where the page stands below or beside the root */
const reset = (base: string): string =>
  page(
    'Choose a new password',
    html`<form
        data-address="${base}api/v1/auth/password/reset"
        data-done="Your password is changed. You can log in with it now."
      >
        <label for="new_password">New password</label>
        <input id="new_password" name="new_password" type="password" autocomplete="new-password" required />
        <fieldset id="made_by" hidden disabled>
          <legend>This address was never confirmed. Who made the account?</legend>
          <label><input type="radio" name="start_afresh" value="false" required /> I did. Keep what is in it.</label>
          <label
            ><input type="radio" name="start_afresh" value="true" required /> Somebody else. Erase what is in it, and
            give me an empty account.</label
          >
        </fieldset>
        <button>Change my password</button>
      </form>
      <p id="status" role="status"></p>
      <noscript><p>This page needs JavaScript.</p></noscript>`,
    base + SCRIPT,
  );

const confirm = (base: string): string =>
  page(
    'Confirm your e-mail address',
    html`<form data-address="${base}api/v1/auth/email/confirm" data-done="Your e-mail address is confirmed. Thank you.">
        <button>This is my address</button>
      </form>
      <p id="status" role="status"></p>
      <noscript><p>This page needs JavaScript. You can also enter the code from the mail.</p></noscript>`,
    base + SCRIPT,
  );

const undo = (base: string): string =>
  page(
    'Undo the change of your e-mail address',
    html`<form
        data-address="${base}api/v1/auth/email/undo"
        data-done="Your account has this address, and your new password. You can log in with them now."
      >
        <p>The address was changed by somebody who knew your password: choose a new one.</p>
        <label for="new_password">New password</label>
        <input id="new_password" name="new_password" type="password" autocomplete="new-password" required />
        <button>Undo the change</button>
      </form>
      <p id="status" role="status"></p>
      <noscript><p>This page needs JavaScript.</p></noscript>`,
    base + SCRIPT,
  );

const forgot = (base: string): string =>
  page(
    'Change your password',
    html`<form
        data-address="${base}api/v1/auth/password/forgot"
        data-done="If there is an account with this address, a mail with a link is on its way."
        data-token="none"
      >
        <label for="email">E-mail address</label>
        <input id="email" name="email" type="email" autocomplete="email" required />
        <button>Send me a link</button>
      </form>
      <p id="status" role="status"></p>
      <noscript><p>This page needs JavaScript.</p></noscript>`,
    base + SCRIPT,
  );

@ApiExcludeController()
@Controller({ version: VERSION_NEUTRAL })
@Public()
export class PagesController {
  private readonly script = readFileSync(new URL('./pages.script.mjs', import.meta.url), 'utf8');

  @Get('confirm')
  @AsPage()
  confirm(@Req() { originalUrl: url }: FastifyRequest): string {
    return confirm(baseOf(url));
  }

  @Get('reset')
  @AsPage()
  reset(@Req() { originalUrl: url }: FastifyRequest): string {
    return reset(baseOf(url));
  }

  @Get('undo')
  @AsPage()
  undo(@Req() { originalUrl: url }: FastifyRequest): string {
    return undo(baseOf(url));
  }

  @Get('forgot')
  @AsPage()
  forgot(@Req() { originalUrl: url }: FastifyRequest): string {
    return forgot(baseOf(url));
  }

  @Get(SCRIPT)
  @Header('content-type', 'text/javascript; charset=utf-8')
  scriptOfPages(): string {
    return this.script;
  }
}
