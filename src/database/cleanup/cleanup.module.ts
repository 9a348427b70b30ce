/** The clean-up: each module says in its constructor which of its rows are dead. */
import { Module } from '@nestjs/common';

import { Cleanup } from './cleanup.js';

@Module({ providers: [Cleanup], exports: [Cleanup] })
export class CleanupModule {}
