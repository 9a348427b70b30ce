/** People as others see them: profiles, follows, mutes and blocks. */
import { Module } from '@nestjs/common';

import { FollowsService } from './follows.service.js';
import { PeopleController } from './people.controller.js';
import { PeopleService } from './people.service.js';
import { ReplicasModule } from '../../database/replicas/replicas.module.js';
import { CountedDaily } from '../../common/registries/counted-daily.js';
import { EXPORT_BATCH, inBatches, type PersonalData, PersonalDataRegistry } from '../../common/personal-data.js';
import { eraseBlocks, eraseFollows, eraseMutes, lockStats } from './follows.query.js';
import { presentKeptPerson } from './people.dto.js';
import { type KeptPerson, type PeopleList, selectPeopleBatch } from './people.query.js';

@CountedDaily('follows')
@Module({
  imports: [ReplicasModule],
  controllers: [PeopleController],
  providers: [PeopleService, FollowsService],
  exports: [PeopleService],
})
export class PeopleModule {
  constructor(personalData: PersonalDataRegistry) {
    personalData.add(
      // A racing follow holds the lock of the counts, or waits for it and finds no account.
      { name: 'follows', eraseBatch: eraseFollows, beforeDelete: (tx, userId) => lockStats(tx, [userId]) },
      { name: 'following', exportRows: listed('following') },
      { name: 'followers', exportRows: listed('followers') },
      { name: 'mutes', exportRows: listed('mutes'), eraseBatch: eraseMutes },
      { name: 'blocks', exportRows: listed('blocks'), eraseBatch: eraseBlocks },
    );
  }
}

function listed(list: PeopleList): NonNullable<PersonalData['exportRows']> {
  return (manager, { userId }) =>
    inBatches(
      (last?: KeptPerson) => selectPeopleBatch(manager, list, { ofId: userId, limit: EXPORT_BATCH, after: last?.id }),
      presentKeptPerson,
    );
}
