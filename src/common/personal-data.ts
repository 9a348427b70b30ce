/** The registry of personal data: the module of each noun adds its own, for the export and the erasure. */
import { Injectable, type Type } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import type { Principal } from './access.js';

export const EXPORT_BATCH = 500;

export type ExportedRows = AsyncGenerator<readonly object[]>;

export interface PersonalData {
  readonly name: string;
  readonly exportRows?: (manager: EntityManager, principal: Principal) => ExportedRows;
  /** Undefined: deleted with the account's row. @returns how many rows were deleted, at most `limit` */
  readonly eraseBatch?: (tx: EntityManager, userId: string, limit: number) => Promise<number>;
  /** Erased after all others: rows of this kind may still be written while those are erased. */
  readonly isErasedLast?: boolean;
  /** In the transaction that deletes the account's row, before it. */
  readonly beforeDelete?: (tx: EntityManager, userId: string) => Promise<unknown>;
}

interface ExportedList {
  readonly name: string;
  readonly type: Type;
  readonly description: string | undefined;
}

export const EXPORTED: ExportedList[] = [];

/** On the class of an exported row: documents the list of that name. */
export function Exported(name: string, description?: string) {
  return (type: Type): void => {
    EXPORTED.push({ name, type, description });
  };
}

@Injectable()
export class PersonalDataRegistry {
  private readonly kinds: PersonalData[] = [];

  add(...kinds: PersonalData[]): void {
    this.kinds.push(...kinds);
  }

  all(): readonly PersonalData[] {
    return this.kinds.toSorted(({ name: one }, { name: other }) => (one < other ? -1 : 1));
  }

  inOrderOfErasure(): readonly PersonalData[] {
    return this.all().toSorted(({ isErasedLast: one = false }, { isErasedLast: other = false }) => +one - +other);
  }
}

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
