import { Controller, Get, Res, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { Public } from '../../common/access.js';
import { Answers } from '../../http/openapi/answers.js';
import { JwksResponse } from './jwks.dto.js';
import { SigningKeys } from './signing-keys.js';

/** A key is published long before it signs, and kept long after: docs/adr/0009-signing-keys.md. */
const CACHED = 'public, max-age=300';

@ApiTags('Operations')
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
@Public()
export class JwksController {
  constructor(private readonly signingKeys: SigningKeys) {}

  /** The public keys of access tokens (RFC 7517), also those that are about to sign; none under HS256, which has no public key. */
  @Get('jwks.json')
  @Answers({ status: 200, type: JwksResponse })
  getJwks(@Res({ passthrough: true }) reply: FastifyReply): JwksResponse {
    const keys = this.signingKeys.jwks();
    if (keys.length > 0) void reply.header('cache-control', CACHED);
    return { keys: [...keys] };
  }
}
