/** The pages that links in mails open, for teams without a front end of their own. Opening one changes nothing. */
import { readFileSync } from 'node:fs';

import { Controller, Get, Header, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

import { Public } from '../common/access.js';
import { html, page, PAGE_POLICY, PAGE_TYPE } from '../common/html.js';

/** Beside the pages, so that both also work below a path of PUBLIC_URL. */
const SCRIPT = 'account-pages.js';

const RESET = page(
  'Choose a new password',
  html`<form
      data-address="api/v1/auth/password/reset"
      data-done="Your password is changed. You can log in with it now."
    >
      <label for="new_password">New password</label>
      <input id="new_password" name="new_password" type="password" autocomplete="new-password" required />
      <button>Change my password</button>
    </form>
    <p id="status" role="status"></p>
    <noscript><p>This page needs JavaScript.</p></noscript>`,
  SCRIPT,
);

const CONFIRM = page(
  'Confirm your e-mail address',
  html`<form data-address="api/v1/auth/email/confirm" data-done="Your e-mail address is confirmed. Thank you.">
      <button>This is my address</button>
    </form>
    <p id="status" role="status"></p>
    <noscript
      ><p>This page needs JavaScript. You can also type the code of the mail where you are asked for it.</p></noscript
    >`,
  SCRIPT,
);

const UNDO = page(
  'Undo the change of your e-mail address',
  html`<form
      data-address="api/v1/auth/email/undo"
      data-done="Your account has this address, and your new password. You can log in with them now."
    >
      <p>Whoever changed the address knew your password: choose a new one.</p>
      <label for="new_password">New password</label>
      <input id="new_password" name="new_password" type="password" autocomplete="new-password" required />
      <button>Undo the change</button>
    </form>
    <p id="status" role="status"></p>
    <noscript><p>This page needs JavaScript.</p></noscript>`,
  SCRIPT,
);

@ApiExcludeController()
@Controller({ version: VERSION_NEUTRAL })
@Public()
export class AccountPagesController {
  private readonly script = readFileSync(new URL('./account-pages.script.mjs', import.meta.url), 'utf8');

  @Get('confirm')
  @Header('content-type', PAGE_TYPE)
  @Header('content-security-policy', PAGE_POLICY)
  confirm(): string {
    return CONFIRM;
  }

  @Get('reset')
  @Header('content-type', PAGE_TYPE)
  @Header('content-security-policy', PAGE_POLICY)
  reset(): string {
    return RESET;
  }

  @Get('undo')
  @Header('content-type', PAGE_TYPE)
  @Header('content-security-policy', PAGE_POLICY)
  undo(): string {
    return UNDO;
  }

  @Get(SCRIPT)
  @Header('content-type', 'text/javascript; charset=utf-8')
  scriptOfPages(): string {
    return this.script;
  }
}
