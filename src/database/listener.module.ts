/** What readers of new rows need of the database: the connection that hears NOTIFY, and what becomes of restored rows. */
import { Module } from '@nestjs/common';

import { Listener } from './listener.js';
import { TransactionIds } from './transaction-ids.js';

@Module({ providers: [Listener, TransactionIds], exports: [Listener, TransactionIds] })
export class ListenerModule {}
