/** Streams of new posts. */
import { Module } from '@nestjs/common';

import { RevocationsModule } from '../../auth/revocations/revocations.module.js';
import { Measures } from '../../common/registries/measures.js';
import { ListenerModule } from '../../database/listener.module.js';
import { Audience } from './audience.js';
import { StreamController } from './stream.controller.js';
import { StreamReader } from './stream-reader.js';
import { Streams } from './streams.js';

@Module({
  imports: [ListenerModule, RevocationsModule],
  controllers: [StreamController],
  providers: [Audience, StreamReader, Streams],
})
export class StreamModule {
  constructor(measures: Measures, streams: Streams) {
    measures.add(
      { name: 'timeline_streams', help: 'Streams of new posts that are open.', read: () => streams.open },
      { name: 'timeline_stream_posts_total', help: 'Posts written to streams.', read: () => streams.delivered },
    );
  }
}
