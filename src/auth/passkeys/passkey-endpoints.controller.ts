import { Controller, Get, Inject, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

import { Public } from '../../common/access.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';

@ApiExcludeController()
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
@Public()
export class PasskeyEndpointsController {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** https://w3c.github.io/webappsec-passkey-endpoints/: without a page of the application's, only that passkeys exist. */
  @Get('passkey-endpoints')
  endpoints(): { enroll?: string; manage?: string } {
    const { pageUrl } = this.config.passkeys;
    return pageUrl === undefined ? {} : { enroll: pageUrl, manage: pageUrl };
  }
}
