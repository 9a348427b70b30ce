/** The clean-up: each module registers its dead rows in its constructor. */
import { Module } from '@nestjs/common';

import { Cleanup } from './cleanup.js';

@Module({ providers: [Cleanup], exports: [Cleanup] })
export class CleanupModule {}
