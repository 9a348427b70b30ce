import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import { isStaff, type Principal } from '../../common/access.js';
import { AppError } from '../../common/errors.js';
import { type CursorKey, Cursors, Page } from '../../common/pagination.js';
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
    private readonly cursors: Cursors,
  ) {}

  /** A person blocked by the caller stays visible. @throws AppError `user_not_found` */
  async get({ principal, username }: About): Promise<Profile> {
    const profile = await selectProfile(this.database.manager, username, this.viewing(principal));
    if (!profile) throw new AppError('user_not_found');
    return profile;
  }

  /** Hidden or not. @throws AppError `user_not_found` */
  async find({ principal, username }: About): Promise<Found> {
    const found = await findPerson(this.database.manager, username, this.viewing(principal));
    if (!found) throw new AppError('user_not_found');
    return found;
  }

  /** @throws AppError `user_not_found`, also for a block in either direction */
  async requireVisible(about: About): Promise<Found> {
    const found = await this.find(about);
    const isAway = found.hasBlockedViewer && !isStaff(about.principal);
    if (found.isHidden || isAway || found.isBlocked) throw new AppError('user_not_found');
    return found;
  }

  async listAround(about: About, list: 'followers' | 'following', page: PeoplePage): Promise<Page<ListedPerson>> {
    const { id } = await this.requireVisible(about);
    return this.people(about.principal, { list, ofId: id }, page);
  }

  listOwn(principal: Principal, list: 'mutes' | 'blocks', page: PeoplePage): Promise<Page<ListedPerson>> {
    return this.people(principal, { list, ofId: principal.userId }, page);
  }

  async search(principal: Principal, q: string, { cursor, limit }: PeoplePage): Promise<Page<ListedPerson>> {
    const after = this.after('people', cursor);
    const rows = await searchPeople(this.database.manager, q, { ...this.viewing(principal), after, limit: limit + 1 });
    return Page.cut(rows, limit, (last) => this.cursors.encode('people', foundKey(last)));
  }

  private async people(
    principal: Principal,
    { list, ofId }: { list: PeopleList; ofId: string },
    { cursor, limit }: PeoplePage,
  ): Promise<Page<ListedPerson>> {
    const scope = `${list} of ${ofId}`;
    const page = { ...this.viewing(principal), ofId, after: this.after(scope, cursor), limit: limit + 1 };
    const rows = await selectPeople(this.database.manager, list, page);
    return Page.cut(rows, limit, (last) => this.cursors.encode(scope, personKey(last)));
  }

  private after(scope: string, cursor: string | undefined): CursorKey | undefined {
    return cursor === undefined ? undefined : this.cursors.decode(scope, cursor);
  }

  private viewing(principal: Principal): Viewing {
    return { viewerId: principal.userId, isStaff: isStaff(principal) };
  }
}
