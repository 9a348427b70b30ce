import { Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import { Public } from '../common/access.js';
import { AppError } from '../common/errors.js';
import { Answers } from '../http/openapi/answers.js';
import { HealthResponse } from './health.dto.js';
import { Readiness } from './readiness.js';

@ApiTags('Operations')
@Controller({ path: 'health', version: VERSION_NEUTRAL })
@Public()
export class HealthController {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly readiness: Readiness,
  ) {}

  /** Whether the process is alive; never asks the database. */
  @Get('live')
  @Answers({ status: 200, type: HealthResponse })
  getLiveness(): HealthResponse {
    return { status: 'ok' };
  }

  /** Whether requests should be sent here: 503 while the database is away or the process is draining. */
  @Get('ready')
  @Answers({ status: 200, type: HealthResponse, errors: ['database_unavailable', 'starting', 'draining'] })
  async getReadiness(): Promise<HealthResponse> {
    if (this.readiness.draining) throw new AppError('draining');
    await this.readiness.ask(() => this.database.query('SELECT 1'));
    return { status: 'ok' };
  }
}
