/** The one place where input is checked: text, unknown fields, and the rules of the DTO. */
import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, type ValidationError, validateSync } from 'class-validator';

import { AppError, type FieldError, invalid } from './errors.js';
import { isStorable } from './text.js';

type Dto = new () => object;

/** Thousands of unknown fields must not be answered with megabytes. */
const MAX_UNKNOWN_REPORTED = 20;

@Injectable()
export class ValidationPipe implements PipeTransform {
  private readonly fieldsOf = new Map<Dto, ReadonlySet<string>>();

  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type === 'custom') return value;
    if (type === 'param') return this.parameter(value);
    const unstorable = findUnstorable(value, '#');
    if (unstorable) throw invalid(unstorable);
    return isDto(metatype) ? this.validate(value === undefined ? {} : value, metatype) : value;
  }

  /** A path with text that cannot be stored names nothing. */
  private parameter(value: unknown): unknown {
    if (findUnstorable(value, '#')) throw new AppError('route_not_found');
    return value;
  }

  private validate(value: unknown, dto: Dto): object {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw invalid({ pointer: '#', code: 'wrong_type', detail: 'must be a JSON object' });
    }
    const known = this.knownFields(dto);
    const unknown = Object.keys(value).filter((name) => !known.has(name));
    const picked = Object.fromEntries(Object.entries(value).filter(([name]) => known.has(name)));
    const instance = plainToInstance(dto, picked);
    const faults = validateSync(instance, { stopAtFirstError: true });
    if (unknown.length > 0 || faults.length > 0)
      throw invalid(...unknown.slice(0, MAX_UNKNOWN_REPORTED).map(unknownField), ...faults.map(fieldError));
    return instance;
  }

  private knownFields(dto: Dto): ReadonlySet<string> {
    const cached = this.fieldsOf.get(dto);
    if (cached) return cached;
    const metadata = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
    const fields = new Set(metadata.map(({ propertyName }) => propertyName));
    this.fieldsOf.set(dto, fields);
    return fields;
  }
}

function isDto(metatype: ArgumentMetadata['metatype']): metatype is Dto {
  return metatype !== undefined && ![Object, String, Number, Boolean, Array].includes(metatype as never);
}

function unknownField(name: string): FieldError {
  return {
    pointer: pointer('#', name.slice(0, 100).toWellFormed()),
    code: 'unknown_field',
    detail: 'is not a field of this request',
  };
}

function fieldError({ property, constraints = {} }: ValidationError): FieldError {
  const [[code, detail] = ['invalid', 'is invalid']] = Object.entries(constraints);
  return { pointer: pointer('#', property), code, detail };
}

/** The first text, of a value or a field's name, that the database could not hold. */
function findUnstorable(value: unknown, at: string): FieldError | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : unstorable(at);
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, member] of Object.entries(value)) {
    if (!isStorable(name)) return unstorable(at);
    const found = findUnstorable(member, pointer(at, name));
    if (found) return found;
  }
  return undefined;
}

function unstorable(at: string): FieldError {
  return { pointer: at, code: 'invalid_text', detail: 'must be Unicode text without NUL and without lone surrogates' };
}

function pointer(parent: string, name: string): string {
  return `${parent}/${encodeURI(name.replaceAll('~', '~0').replaceAll('/', '~1'))}`;
}
