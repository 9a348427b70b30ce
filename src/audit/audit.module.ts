/** What happened to accounts: an append-only record of every security-relevant event. */
import { Module } from '@nestjs/common';

import { ActivityController } from './activity.controller.js';
import { AuditRetention } from './audit-retention.js';
import { Audit } from './audit.js';

@Module({ controllers: [ActivityController], providers: [Audit, AuditRetention], exports: [Audit] })
export class AuditModule {}
