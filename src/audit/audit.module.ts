/** The audit: an append-only record of every security-relevant event. */
import { Module } from '@nestjs/common';

import { ActivityController } from './activity.controller.js';
import { Audit } from './audit.js';
import { EXPORT_BATCH, inBatches, PersonalDataRegistry } from '../common/personal-data.js';
import { presentActivity } from './audit.dto.js';
import { auditKey, type ListedAuditEvent, selectAuditPage } from './audit.query.js';

@Module({ controllers: [ActivityController], providers: [Audit], exports: [Audit] })
export class AuditModule {
  constructor(personalData: PersonalDataRegistry) {
    personalData.add({
      name: 'audit',
      exportRows: (manager, { userId }) =>
        inBatches(
          (last?: ListedAuditEvent) =>
            selectAuditPage(manager, { subjectId: userId }, { after: last && auditKey(last), limit: EXPORT_BATCH }),
          presentActivity,
        ),
    });
  }
}
