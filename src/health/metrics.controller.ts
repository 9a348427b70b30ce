import { Controller, Get, Inject, Req, Res, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Public } from '../common/access.js';
import { isLocalRequest } from '../common/address.js';
import { AppError } from '../common/errors.js';
import { bearsSecret } from '../common/crypto.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Metrics } from './metrics.js';

@ApiExcludeController()
@Controller({ path: 'metrics', version: VERSION_NEUTRAL })
@Public()
export class MetricsController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly metrics: Metrics,
  ) {}

  @Get()
  async read(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    this.authorize(request);
    void reply.header('content-type', this.metrics.registry.contentType);
    return this.metrics.read();
  }

  private authorize(request: FastifyRequest): void {
    const { metricsToken } = this.config.http;
    const { authorization } = request.headers;
    if (metricsToken === undefined) {
      if (!isLocalRequest(request)) throw new AppError('metrics_forbidden');
    } else if (authorization === undefined) throw new AppError('authentication_required');
    else if (!bearsSecret(authorization, metricsToken)) throw new AppError('invalid_token');
  }
}
