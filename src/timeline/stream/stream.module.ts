/** Streams of new posts. */
import { Module } from '@nestjs/common';

import { RevocationsModule } from '../../auth/revocations/revocations.module.js';
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
export class StreamModule {}
