/** Recovery codes: for a person who lost the device of the second factor. Each is good once. */
import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { Random } from '../../common/random.js';
import { countCodes, deleteCodes, replaceCodes, takeCode } from './second-factors.query.js';

export const RECOVERY_CODES = 10;

/** 24 characters of Crockford's base 32, which has no I, L, O and U: 120 bits, so a bare hash cannot be guessed. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const LENGTH = 24;
const GROUP = /.{6}(?=.)/g;

@Injectable()
export class RecoveryCodes {
  constructor(private readonly random: Random) {}

  async renew(tx: EntityManager, userId: string): Promise<string[]> {
    const codes = Array.from({ length: RECOVERY_CODES }, () => this.make());
    await replaceCodes(tx, userId, codes.map(hashOf));
    return codes.map((code) => code.replace(GROUP, '$&-'));
  }

  async take(tx: EntityManager, userId: string, typed: string): Promise<number | undefined> {
    if (!(await takeCode(tx, userId, hashOf(asMade(typed))))) return undefined;
    return countCodes(tx, userId);
  }

  count(tx: EntityManager, userId: string): Promise<number> {
    return countCodes(tx, userId);
  }

  async end(tx: EntityManager, userId: string): Promise<void> {
    await deleteCodes(tx, userId);
  }

  private make(): string {
    return Array.from(this.random.bytes(LENGTH), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('');
  }
}

/** People type capital letters, leave out the hyphens, and read O for 0. */
function asMade(typed: string): string {
  return typed.normalize('NFKC').toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1');
}

function hashOf(code: string): Buffer {
  return createHash('sha256').update(code).digest();
}
