/** The pages at the addresses that problem documents have as `type`. */
import { Controller, Get, Param, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

import { Public } from '../common/access.js';
import { type ErrorCode, type ErrorKind, ERRORS } from '../common/error-codes.js';
import { AppError } from '../common/errors.js';
import { AsPage, html, page } from '../http/pages.js';
import { statusOf } from '../http/problem.js';

const CODES = Object.keys(ERRORS) as ErrorCode[];

const OF_KIND: Partial<Record<ErrorKind, string>> = {
  unauthenticated: 'Get a new access token: refresh it, or log in.',
  conflict: 'The request is valid, but does not fit the present state.',
  request_timeout: 'Send the request again.',
  too_many_requests: 'Wait for the seconds in Retry-After. violated-policies names the exceeded limits.',
  unavailable: 'Wait for the seconds in Retry-After, and send the request again.',
  internal: 'Tell the operator the request_id: the log has the cause.',
};

/** Where the kind says too little. */
const OF_CODE: Partial<Record<ErrorCode, string>> = {
  validation_failed: 'Correct the fields that errors names, each by a JSON Pointer, and send the request again.',
  invalid_account_token: 'Ask for another mail, and use its link or its code.',
  invalid_confirmation_code: 'Ask for another mail, and use its link or its code.',
  invalid_credentials: 'Ask the person for the address and the password again.',
  invalid_refresh_token: 'Log in again.',
  refresh_token_reused: 'Log in again.',
  too_many_streams: 'Do not open this stream again: the newer one goes on.',
};

const ONLY_UNDER_AUTH = new Set<ErrorCode>(['invalid_account_token', 'invalid_confirmation_code']);

function statusesOf(code: ErrorCode): string {
  const [elsewhere, underAuth] = [statusOf(code, ''), statusOf(code, '/api/auth')];
  if (code === 'validation_failed') return `${elsewhere}; ${underAuth} under /auth`;
  return String(ONLY_UNDER_AUTH.has(code) ? underAuth : elsewhere);
}

@ApiExcludeController()
@Controller({ path: 'problems', version: VERSION_NEUTRAL })
@Public()
export class ProblemPagesController {
  @Get()
  @AsPage()
  list(): string {
    const entries = CODES.map(
      (code) => html`<li><a href="problems/${code}">${code}</a> (${statusesOf(code)}): ${ERRORS[code].detail}</li>`,
    );
    return page(
      'Problems',
      html`<p>The codes of all errors, with their HTTP status.</p>
        <ul>
          ${entries}
        </ul>`,
    );
  }

  /** @throws AppError `route_not_found` for a word that is no code */
  @Get(':code')
  @AsPage()
  show(@Param('code') given: string): string {
    const code = CODES.find((each) => each === given);
    if (code === undefined) throw new AppError('route_not_found');
    const { detail, kind } = ERRORS[code];
    const advice = OF_CODE[code] ?? OF_KIND[kind];
    return page(
      code,
      html`<p>${detail}</p>
        <p class="about">HTTP status ${statusesOf(code)}.</p>
        ${advice === undefined ? undefined : html`<p>${advice}</p>`}
        <p><a href="../problems">All problems</a></p>`,
    );
  }
}
