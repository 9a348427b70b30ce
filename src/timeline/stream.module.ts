/** New posts as they appear. It is given what knows of ended tokens by app.module. */
import { Module } from '@nestjs/common';

import { ListenerModule } from '../database/listener.module.js';
import { Audience } from './audience.js';
import { StreamController } from './stream.controller.js';
import { StreamReader } from './stream-reader.js';
import { Streams } from './streams.js';

@Module({
  imports: [ListenerModule],
  controllers: [StreamController],
  providers: [Audience, StreamReader, Streams],
})
export class StreamModule {}
