/** The decorators of DTO fields: each validates and documents its field. */
import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';

import { codePoints, isBlank } from '../../common/text.js';
import { parseDayOrTimestamp, parseTimestamp } from '../../common/timestamps.js';
import { ValidateBy, ValidateIf } from './class-validator.js';

const READERS = Symbol('readers');

export type Reader = (text: string) => unknown;

export function Read(reader: Reader): PropertyDecorator {
  return (prototype, field) => {
    Reflect.defineMetadata(READERS, new Map([...readersOf(prototype), [String(field), reader]]), prototype);
  };
}

export function readersOf(dto: object): ReadonlyMap<string, Reader> {
  return (Reflect.getMetadata(READERS, dto) as ReadonlyMap<string, Reader> | undefined) ?? new Map<string, Reader>();
}

export interface Check {
  readonly code: string;
  readonly detail: string;
  readonly holds: (value: unknown) => boolean;
}

export function Field(documented: ApiPropertyOptions, ...checks: Check[]): PropertyDecorator {
  const present: Check = { code: 'required', detail: 'is required', holds: (value) => value !== undefined };
  return applyDecorators(
    ApiProperty(documented),
    ...[present, ...checks].map(({ code, detail, holds }) =>
      ValidateBy({ name: code, validator: { validate: holds, defaultMessage: () => detail } }),
    ),
  );
}

/** `null` is refused; `IsOptional` would let it through to the database. */
export const OptionalNotNull = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

export const OptionalNullable = (): PropertyDecorator =>
  ValidateIf((_, value) => value !== undefined && value !== null);

export interface TextRules {
  readonly min?: number;
  readonly max: number;
  readonly blank?: 'refused';
  readonly pattern?: { readonly regex: RegExp; readonly detail: string };
  readonly documented?: ApiPropertyOptions;
  readonly also?: readonly Check[];
}

export function Text(rules: TextRules): PropertyDecorator {
  const { min = 0, max, pattern } = rules;
  const checks: Check[] = [
    { code: 'wrong_type', detail: 'must be a string', holds: isString },
    {
      code: 'too_short',
      detail: min === 1 ? 'must not be empty' : `must have at least ${min} characters`,
      holds: (value) => codePoints(value as string) >= min,
    },
    {
      code: 'too_long',
      detail: `must have at most ${max} characters`,
      holds: (value) => codePoints(value as string) <= max,
    },
  ];
  if (rules.blank === 'refused')
    checks.push({ code: 'blank', detail: 'must not be blank', holds: (value) => !isBlank(value as string) });
  if (pattern)
    checks.push({
      code: 'wrong_format',
      detail: pattern.detail,
      holds: (value) => pattern.regex.test(value as string),
    });
  checks.push(...(rules.also ?? []));
  const documented = {
    type: 'string',
    maxLength: max,
    ...(min > 0 && { minLength: min }),
    ...(pattern && { pattern: pattern.regex.source }),
  };
  return Field({ ...documented, ...rules.documented } as ApiPropertyOptions, ...checks);
}

interface Nullable {
  readonly nullable?: boolean;
}

export function Flag(documented: Nullable = {}): PropertyDecorator {
  return Field(
    { type: 'boolean', ...documented },
    { code: 'wrong_type', detail: 'must be true or false', holds: (value) => typeof value === 'boolean' },
  );
}

export function OneOf(choices: readonly string[]): PropertyDecorator {
  return Field(
    { type: 'string', enum: [...choices] },
    {
      code: 'unknown_value',
      detail: `must be one of ${choices.join(', ')}`,
      holds: (value) => isString(value) && choices.includes(value),
    },
  );
}

export function QueryFlag(): PropertyDecorator {
  return applyDecorators(
    Read((text) => (text === 'true' ? true : text === 'false' ? false : undefined)),
    Flag(),
  );
}

export function Uuid(documented: Nullable = {}): PropertyDecorator {
  return applyDecorators(
    Read((text) => text.toLowerCase()),
    Field(
      { type: 'string', format: 'uuid', ...documented },
      {
        code: 'wrong_format',
        detail: 'must be a UUID',
        holds: (value) => isString(value) && /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(value),
      },
    ),
  );
}

interface Range extends Nullable {
  readonly min: number;
  readonly max: number;
  readonly default?: number;
}

export function QueryInteger(range: Range): PropertyDecorator {
  return applyDecorators(
    Read((text) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined)),
    Integer(range),
  );
}

export function Integer({ min, max, ...documented }: Range): PropertyDecorator {
  return Field(
    { type: 'integer', minimum: min, maximum: max, ...documented },
    {
      code: 'out_of_range',
      detail: `must be a whole number from ${min} to ${max}`,
      holds: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
    },
  );
}

export function Timestamp(documented: Nullable = {}): PropertyDecorator {
  return Field(
    { type: 'string', format: 'date-time', ...documented },
    {
      code: 'wrong_format',
      detail: 'must be a time like 2026-01-31T08:09:10Z',
      holds: (value) => isString(value) && parseTimestamp(value) !== undefined,
    },
  );
}

export function QueryTime(): PropertyDecorator {
  return Field(
    { type: 'string', maxLength: 35 },
    {
      code: 'wrong_format',
      detail: 'must be a date like 2026-01-31, or a time like 2026-01-31T08:09:10Z',
      holds: (value) => isString(value) && parseDayOrTimestamp(value) !== undefined,
    },
  );
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}
