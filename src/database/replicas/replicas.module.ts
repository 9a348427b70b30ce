/** Reads of lists by replicas, where DATABASE_REPLICA_URLS names some. */
import { Module } from '@nestjs/common';

import { ListenerModule } from '../listener.module.js';
import { Reads } from './reads.js';

@Module({ imports: [ListenerModule], providers: [Reads], exports: [Reads] })
export class ReplicasModule {}
