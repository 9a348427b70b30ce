import { Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { Public } from '../common/access.js';
import { Answers } from '../common/openapi.js';
import { JwksResponse } from './auth.dto.js';

@ApiTags('Operations')
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
@Public()
export class JwksController {
  /** The public keys of access tokens (RFC 7517): none, as HS256 has no public key. */
  @Get('jwks.json')
  @Answers({ status: 200, type: JwksResponse })
  keys(): JwksResponse {
    return { keys: [] };
  }
}
