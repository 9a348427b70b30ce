/** Drops old partitions of the audit: in a module of its own, because commands use the audit and must not delete from it. */
import { Module } from '@nestjs/common';

import { AuditRetention } from './audit-retention.js';

@Module({ providers: [AuditRetention] })
export class AuditRetentionModule {}
