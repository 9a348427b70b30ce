/** The pages at the addresses that problem documents have as `type`. */
import { Controller, Get, Header, Param, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

import { Public } from '../common/access.js';
import { type ErrorCode, type ErrorKind, ERRORS } from '../common/error-codes.js';
import { AppError } from '../common/errors.js';
import { html, page, PAGE_POLICY, PAGE_TYPE } from '../http/pages.js';
import { statusOf } from '../http/problem.js';

const CODES = Object.keys(ERRORS) as ErrorCode[];

const WHAT_TO_DO: Partial<Record<ErrorKind, string>> = {
  invalid: 'Correct the fields that errors names, each by a JSON Pointer, and send the request again.',
  unauthenticated: 'Get a new access token: refresh it, or log in.',
  forbidden: 'The same request of the same caller is refused again.',
  conflict: 'The request is valid, but does not fit what there is now.',
  request_timeout: 'Send the request again.',
  too_many_requests: 'Wait for the seconds in Retry-After. violated-policies names the limits that were exceeded.',
  unavailable: 'Wait for the seconds in Retry-After, and send the request again.',
  internal: 'Tell the operator the request_id: the log has the cause.',
};

@ApiExcludeController()
@Controller({ path: 'problems', version: VERSION_NEUTRAL })
@Public()
export class ProblemPagesController {
  @Get()
  @Header('content-type', PAGE_TYPE)
  @Header('content-security-policy', PAGE_POLICY)
  list(): string {
    const entries = CODES.map(
      (code) => html`<li><a href="problems/${code}">${code}</a> (${statusOf(code, '')}): ${ERRORS[code].detail}</li>`,
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
  @Header('content-type', PAGE_TYPE)
  @Header('content-security-policy', PAGE_POLICY)
  show(@Param('code') given: string): string {
    const code = CODES.find((each) => each === given);
    if (code === undefined) throw new AppError('route_not_found');
    const { detail, kind } = ERRORS[code];
    const advice = WHAT_TO_DO[kind] ?? 'Correct the request: sent again as it is, it is refused again.';
    const statuses = [...new Set([statusOf(code, ''), statusOf(code, '/api/auth')])].join(', under /auth ');
    return page(
      code,
      html`<p>${detail}</p>
        <p class="about">HTTP status ${statuses}.</p>
        <p>${advice}</p>
        <p><a href="../problems">All problems</a></p>`,
    );
  }
}
