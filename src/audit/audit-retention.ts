/** Creates the audit's partitions ahead, and drops those beyond AUDIT_RETENTION. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { LOGGER } from '../common/logger.js';
import { Jobs } from '../common/schedule.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { keepAuditPartitions, type PartitionChanges } from '../database/schema/audit-partitions.js';

const EVERY_MS = 3_600_000;

@Injectable()
export class AuditRetention {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    jobs: Jobs,
  ) {
    jobs.add({
      everyMs: EVERY_MS,
      run: () => this.run(),
      onFault: (error) => {
        logger.warn(
          { event: 'audit_partitions_unkept', err: error },
          'audit partitions could not be made or dropped: will be retried',
        );
      },
    });
  }

  /** Over a direct connection: the pool may be behind a pooler, or use a role that owns no table. */
  async run(): Promise<PartitionChanges> {
    const { directUrl } = this.config.database;
    const url = directUrl ?? (this.database.options as { url: string }).url;
    const changes = await keepAuditPartitions(url, this.config.auditRetentionMs);
    const { made, dropped, moved } = changes;
    if (made.length + dropped.length > 0)
      this.logger.info({ event: 'audit_partitions', made, dropped }, 'audit partitions made or dropped');
    if (moved > 0)
      this.logger.warn(
        { event: 'audit_default_used', moved },
        'audit events had no partition for their month: they were moved to a new one',
      );
    return changes;
  }
}
