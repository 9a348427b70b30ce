/** Posts, follows and timelines: the map of their rooms. */
import { Module } from '@nestjs/common';

import { PeopleModule } from './people/people.module.js';
import { PostsModule } from './posts/posts.module.js';
import { StreamModule } from './stream/stream.module.js';

@Module({ imports: [PeopleModule, PostsModule, StreamModule] })
export class TimelineModule {}
