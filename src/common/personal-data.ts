/** The registry of personal data: the module of a noun adds what it keeps of a person. The export and the erasure use it. */
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import type { Principal } from './access.js';

/** Rows of an export that are in memory at once. */
export const EXPORT_BATCH = 500;

/** Batches of rows as they are on the wire. */
export type ExportedRows = AsyncGenerator<readonly object[]>;

export interface PersonalData {
  /** Of the list in the export, and of the count in the log of the erasure. */
  readonly name: string;
  /** Undefined: the export has no such list. */
  readonly exportRows?: (manager: EntityManager, principal: Principal) => ExportedRows;
  /**
   * Undefined: the database deletes them with the account's row.
   * @returns how many rows it deleted, at most `limit`; none when nothing is left
   */
  readonly eraseBatch?: (tx: EntityManager, userId: string, limit: number) => Promise<number>;
}

@Injectable()
export class PersonalDataRegistry {
  private readonly kinds: PersonalData[] = [];

  /** Call in the constructor of a module. */
  add(...kinds: PersonalData[]): void {
    this.kinds.push(...kinds);
  }

  /** In the order of their names. */
  all(): readonly PersonalData[] {
    return this.kinds.toSorted(({ name: one }, { name: other }) => (one < other ? -1 : 1));
  }
}

/** Reads keyset batches until one is short. @param read the rows after one, or the first */
export async function* inBatches<T>(
  read: (last?: T) => Promise<readonly T[]>,
  present: (row: T) => object,
): ExportedRows {
  let last: T | undefined;
  do {
    const rows = await read(last);
    if (rows.length > 0) yield rows.map(present);
    last = rows.length === EXPORT_BATCH ? rows.at(-1) : undefined;
  } while (last !== undefined);
}
