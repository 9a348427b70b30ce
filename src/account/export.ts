/** Everything of a person as one JSON document, in constant memory: batches of rows, read as fast as they are taken. */
import { Readable } from 'node:stream';

import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { presentActivity } from '../audit/audit.dto.js';
import { Audit } from '../audit/audit.js';
import { auditKey, type ListedAuditEvent, selectAuditPage } from '../audit/audit.query.js';
import { Revocations } from '../auth/revocations/revocations.js';
import { type KeptSession, selectSessionBatch } from '../auth/sessions/sessions.query.js';
import type { Principal } from '../common/access.js';
import { Clock } from '../common/clock.js';
import { LOGGER } from '../common/logger.js';
import { isoTimestamp } from '../common/timestamps.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { presentTask } from '../tasks/tasks.dto.js';
import { type ListedTask, selectTaskPage, taskKey } from '../tasks/tasks.query.js';
import { type KeptPost, selectPostBatch } from '../timeline/posts/posts.query.js';
import { type KeptPerson, type PeopleList, selectPeopleBatch } from '../timeline/people/people.query.js';
import { type AccountResponse, presentAccount } from '../users/users.dto.js';
import { UsersService } from '../users/users.service.js';
import { presentKeptPerson, presentKeptPost, presentKeptSession } from './export.dto.js';
import type { Actor } from '../common/actor.js';

/** Rows that are in memory at once. */
const BATCH = 500;
/** How long an export may go on while Roost stops; no more than half of what the process may take. */
const GRACE_MS = 5_000;

/** Batches of rows as they are on the wire. */
type Rows = AsyncGenerator<readonly object[]>;

/** A list of the document. */
interface ExportSection {
  readonly name: string;
  readonly batches: (principal: Principal) => Rows;
}

@Injectable()
export class Export implements BeforeApplicationShutdown {
  /** In the order of the document. */
  private readonly sections: readonly ExportSection[] = [
    { name: 'sessions', batches: (principal) => this.sessions(principal) },
    { name: 'tasks', batches: (principal) => this.tasks(principal) },
    { name: 'posts', batches: (principal) => this.posts(principal) },
    { name: 'following', batches: (principal) => this.people(principal, 'following') },
    { name: 'followers', batches: (principal) => this.people(principal, 'followers') },
    { name: 'mutes', batches: (principal) => this.people(principal, 'mutes') },
    { name: 'blocks', batches: (principal) => this.people(principal, 'blocks') },
    { name: 'audit', batches: (principal) => this.activity(principal) },
  ];
  private readonly stopping = new AbortController();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly users: UsersService,
    private readonly audit: Audit,
    private readonly revocations: Revocations,
    private readonly clock: Clock,
  ) {}

  /** A slow reader does not keep Roost from stopping. */
  beforeApplicationShutdown(): void {
    const graceMs = Math.min(GRACE_MS, this.config.http.shutdownTimeoutMs / 2);
    setTimeout(() => {
      this.stopping.abort();
    }, graceMs).unref();
  }

  /**
   * @returns the document; it fails, and so stays unfinished, when a batch cannot be read or the caller's session ends
   * @throws AppError `invalid_token` when the account is gone
   */
  async begin(actor: Actor): Promise<Readable> {
    const { userId, sessionId } = actor.principal;
    const user = await this.users.require(userId);
    await this.audit.record(undefined, actor, [
      { action: 'user.exported', actorId: userId, subjectId: userId, sessionId },
    ]);
    return Readable.from(this.document(actor.principal, presentAccount(user)), { signal: this.stopping.signal });
  }

  private async *document(principal: Principal, profile: AccountResponse): AsyncGenerator<string> {
    let end: 'whole' | 'broken' | 'left' = 'left';
    let rows = 0;
    try {
      yield `{"exported_at":"${isoTimestamp(this.clock.now())}","profile":${JSON.stringify(profile)}`;
      for (const { name, batches } of this.sections) {
        let opening = `,"${name}":[`;
        for await (const batch of batches(principal)) {
          // Nothing is late: what a stolen token has begun to read ends with its session.
          await this.revocations.check(principal);
          yield opening + batch.map((row) => JSON.stringify(row)).join(',');
          rows += batch.length;
          opening = ',';
        }
        yield opening === ',' ? ']' : `${opening}]`;
      }
      end = 'whole';
      yield '}';
    } catch (error) {
      end = 'broken';
      this.logger.warn({ event: 'export_broken', user: principal.userId, err: error }, 'export broken off');
      throw error;
    } finally {
      this.logger.info({ event: 'export_ended', user: principal.userId, end, rows }, 'export ended');
    }
  }

  private sessions({ userId, sessionId }: Principal): Rows {
    return inBatches(
      (last?: KeptSession) => selectSessionBatch(this.database.manager, userId, { after: last?.id, limit: BATCH }),
      (session) => presentKeptSession(session, sessionId),
    );
  }

  private tasks({ userId }: Principal): Rows {
    const all = { ownerId: userId, completed: undefined, q: undefined, sort: 'created_at', limit: BATCH } as const;
    return inBatches(
      (last?: ListedTask) => selectTaskPage(this.database.manager, { ...all, after: last && taskKey(all.sort, last) }),
      presentTask,
    );
  }

  private posts({ userId }: Principal): Rows {
    return inBatches(
      (last?: KeptPost) => selectPostBatch(this.database.manager, userId, { after: last?.id, limit: BATCH }),
      presentKeptPost,
    );
  }

  private people({ userId }: Principal, list: PeopleList): Rows {
    const page = { ofId: userId, limit: BATCH };
    return inBatches(
      (last?: KeptPerson) => selectPeopleBatch(this.database.manager, list, { ...page, after: last?.id }),
      presentKeptPerson,
    );
  }

  private activity({ userId }: Principal): Rows {
    return inBatches(
      (last?: ListedAuditEvent) =>
        selectAuditPage(this.database.manager, { subjectId: userId }, { after: last && auditKey(last), limit: BATCH }),
      presentActivity,
    );
  }
}

/** Reads keyset batches of at most BATCH rows until one is short. @param read the rows after one, or the first */
async function* inBatches<T>(read: (last?: T) => Promise<readonly T[]>, present: (row: T) => object): Rows {
  let last: T | undefined;
  do {
    const rows = await read(last);
    if (rows.length > 0) yield rows.map(present);
    last = rows.length === BATCH ? rows.at(-1) : undefined;
  } while (last !== undefined);
}
