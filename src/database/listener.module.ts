/** Wakes readers of new rows by NOTIFY, and renumbers restored rows. */
import { Module } from '@nestjs/common';

import { Listener } from './listener.js';
import { TransactionIds } from './transaction-ids.js';

@Module({ providers: [Listener, TransactionIds], exports: [Listener, TransactionIds] })
export class ListenerModule {}
