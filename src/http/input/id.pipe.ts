/** Path ids, read strictly: `1e3`, `0x10`, `+1` and values beyond the column are invalid. */
import type { PipeTransform } from '@nestjs/common';

import type { ErrorCode } from '../../common/error-codes.js';
import { AppError } from '../../common/errors.js';

export const MAX_INTEGER = 2_147_483_647;
const MAX_BIGINT = 9_223_372_036_854_775_807n;

export class IntegerIdPipe implements PipeTransform<string, number> {
  constructor(private readonly notFound: ErrorCode) {}

  transform(value: string): number {
    const id = /^[1-9]\d{0,9}$/.test(value) ? Number(value) : Infinity;
    if (id > MAX_INTEGER) throw new AppError(this.notFound);
    return id;
  }
}

export class BigintIdPipe implements PipeTransform<string, string> {
  constructor(private readonly notFound: ErrorCode) {}

  transform(value: string): string {
    if (!/^[1-9]\d{0,18}$/.test(value) || BigInt(value) > MAX_BIGINT) throw new AppError(this.notFound);
    return value;
  }
}

export class UuidPipe implements PipeTransform<string, string> {
  constructor(private readonly notFound: ErrorCode) {}

  transform(value: string): string {
    if (!/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(value)) throw new AppError(this.notFound);
    return value.toLowerCase();
  }
}
