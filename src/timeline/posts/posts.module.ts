/** Posts, and the home timeline. */
import { Module } from '@nestjs/common';

import { AuditModule } from '../../audit/audit.module.js';
import { IdempotencyModule } from '../../idempotency/idempotency.module.js';
import { ReplicasModule } from '../../database/replicas/replicas.module.js';
import { PeopleModule } from '../people/people.module.js';
import { AdminPostsController } from './admin-posts.controller.js';
import { NewPosts } from './new-posts.js';
import { PostsController } from './posts.controller.js';
import { PostsService } from './posts.service.js';
import { CountedDaily } from '../../common/registries/counted-daily.js';
import { EXPORT_BATCH, inBatches, PersonalDataRegistry } from '../../common/personal-data.js';
import { presentKeptPost } from './posts.dto.js';
import { erasePosts, type KeptPost, selectPostBatch } from './posts.query.js';

@CountedDaily('posts', 'Also posts that were deleted since.')
@Module({
  imports: [AuditModule, IdempotencyModule, PeopleModule, ReplicasModule],
  controllers: [PostsController, AdminPostsController],
  providers: [PostsService, NewPosts],
})
export class PostsModule {
  constructor(personalData: PersonalDataRegistry) {
    personalData.add({
      name: 'posts',
      exportRows: (manager, { userId }) =>
        inBatches(
          (last?: KeptPost) => selectPostBatch(manager, userId, { after: last?.id, limit: EXPORT_BATCH }),
          presentKeptPost,
        ),
      eraseBatch: erasePosts,
    });
  }
}
