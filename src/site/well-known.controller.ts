/** Addresses that other programs know: password managers, and people who found a weakness. */
import { Controller, Get, Header, Inject, Redirect, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

import { Public } from '../common/access.js';
import { Clock } from '../common/clock.js';
import { AppError } from '../common/errors.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';

const DAY_MS = 86_400_000;
/** RFC 9116 section 2.5.5 recommends less than a year. */
const GOOD_FOR_DAYS = 180;

@ApiExcludeController()
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
@Public()
export class WellKnownController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /** https://w3c.github.io/webappsec-change-password-url/ */
  @Get('change-password')
  @Redirect()
  changePassword(): { url: string; statusCode: number } {
    const base = this.config.mail.appUrl ?? this.config.http.publicUrl;
    return { url: base === undefined ? '../forgot' : `${base}/forgot`, statusCode: 302 };
  }

  /** RFC 9116. @throws AppError `route_not_found` without SECURITY_CONTACT */
  @Get('security.txt')
  @Header('content-type', 'text/plain; charset=utf-8')
  securityTxt(): string {
    const { securityContact, publicUrl } = this.config.http;
    if (securityContact === undefined) throw new AppError('route_not_found');
    const today = Math.floor(this.clock.now().getTime() / DAY_MS) * DAY_MS;
    const lines = [
      `Contact: ${securityContact}`,
      `Expires: ${new Date(today + GOOD_FOR_DAYS * DAY_MS).toISOString()}`,
      ...(publicUrl === undefined ? [] : [`Canonical: ${publicUrl}/.well-known/security.txt`]),
    ];
    return lines.map((line) => `${line}\n`).join('');
  }
}
