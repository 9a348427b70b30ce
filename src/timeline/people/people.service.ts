import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import { isStaff, type Principal } from '../../common/access.js';
import { AppError } from '../../common/errors.js';
import { type CursorKey, Cursors, Page } from '../../common/pagination.js';
import { Reads } from '../../database/replicas/reads.js';
import type { Database } from '../../database/sql.js';
import type { About } from './person.decorator.js';
import {
  type Found,
  findPerson,
  foundKey,
  type ListedPerson,
  type PeopleList,
  personKey,
  type Profile,
  searchPeople,
  selectPeople,
  selectProfile,
} from './people.query.js';
import type { Viewing } from './viewing.query.js';

export interface PeoplePage {
  readonly cursor: string | undefined;
  readonly limit: number;
}

/** Profiles visible to the caller: nobody disabled, about to be deleted or blocking the caller, except for staff. */
@Injectable()
export class PeopleService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly reads: Reads,
    private readonly cursors: Cursors,
  ) {}

  /** A person blocked by the caller stays visible. @throws AppError `user_not_found` */
  async get({ principal, username }: About): Promise<Profile> {
    const profile = await selectProfile(this.reads.for(principal), username, this.viewing(principal));
    if (!profile) throw new AppError('user_not_found');
    return profile;
  }

  /** Hidden or not. @throws AppError `user_not_found` */
  async find({ principal, username }: About, db: Database = this.database.manager): Promise<Found> {
    const found = await findPerson(db, username, this.viewing(principal));
    if (!found) throw new AppError('user_not_found');
    return found;
  }

  /** @throws AppError `user_not_found`, also for a block in either direction */
  async requireVisible(about: About, db: Database): Promise<Found> {
    const found = await this.find(about, db);
    const isAway = found.hasBlockedViewer && !isStaff(about.principal);
    if (found.isHidden || isAway || found.isBlocked) throw new AppError('user_not_found');
    return found;
  }

  async listAround(about: About, list: 'followers' | 'following', page: PeoplePage): Promise<Page<ListedPerson>> {
    const db = this.reads.for(about.principal, page.cursor);
    const { id } = await this.requireVisible(about, db);
    return this.people(db, about.principal, { list, ofId: id, ...page });
  }

  listOwn(principal: Principal, list: 'mutes' | 'blocks', page: PeoplePage): Promise<Page<ListedPerson>> {
    const db = this.reads.for(principal, page.cursor);
    return this.people(db, principal, { list, ofId: principal.userId, ...page });
  }

  async search(principal: Principal, q: string, { cursor, limit }: PeoplePage): Promise<Page<ListedPerson>> {
    const after = this.after('people', cursor);
    const page = { ...this.viewing(principal), after, limit: limit + 1 };
    const rows = await searchPeople(this.reads.for(principal, cursor), q, page);
    return Page.cut(rows, limit, (last) => this.cursors.encode('people', foundKey(last)));
  }

  private async people(
    db: Database,
    principal: Principal,
    { list, ofId, cursor, limit }: PeoplePage & { readonly list: PeopleList; readonly ofId: string },
  ): Promise<Page<ListedPerson>> {
    const scope = `${list} of ${ofId}`;
    const page = { ...this.viewing(principal), ofId, after: this.after(scope, cursor), limit: limit + 1 };
    const rows = await selectPeople(db, list, page);
    return Page.cut(rows, limit, (last) => this.cursors.encode(scope, personKey(last)));
  }

  private after(scope: string, cursor: string | undefined): CursorKey | undefined {
    return cursor === undefined ? undefined : this.cursors.decode(scope, cursor);
  }

  private viewing(principal: Principal): Viewing {
    return { viewerId: principal.userId, isStaff: isStaff(principal) };
  }
}
