/** The one place that checks input: text, unknown fields and the rules of the DTO. */
import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import type { ValidationError } from 'class-validator';

import { AppError, type FieldError, invalid } from '../../common/errors.js';
import { isStorable } from '../../common/text.js';
import { isJsonObject } from './json-body.js';
import { getMetadataStorage, validator } from './class-validator.js';
import { readersOf } from './validation.js';

type Dto = new () => object;

/** Thousands of unknown fields must not cause megabytes of answer. */
const MAX_UNKNOWN_REPORTED = 20;
/** Code units. What a reader does may take time that grows with the square of the text. */
const READ_MAX_LENGTH = 1_000;
/** The client chooses names: an answer must not be longer than its request. */
const POINTER_MAX_LENGTH = 120;

@Injectable()
export class ValidationPipe implements PipeTransform {
  private readonly fieldsOf = new Map<Dto, ReadonlySet<string>>();

  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type === 'custom') return value;
    if (type === 'param') return this.parameter(value);
    const where = type === 'query' ? ({ in: 'query' } as const) : {};
    const place = findUnstorable(value);
    if (place) throw invalid({ ...unstorable(place), ...where });
    return isDto(metatype) ? this.validate(value === undefined ? {} : value, metatype, where) : value;
  }

  private parameter(value: unknown): unknown {
    if (findUnstorable(value)) throw new AppError('route_not_found');
    return value;
  }

  private validate(value: unknown, dto: Dto, where: Pick<FieldError, 'in'>): object {
    if (!isJsonObject(value)) throw invalid({ pointer: '#', code: 'wrong_type', detail: 'must be a JSON object' });
    const known = this.knownFields(dto);
    const unknown = Object.keys(value).filter((name) => !known.has(name));
    const instance = fill(
      new dto(),
      Object.entries(value).filter(([name]) => known.has(name)),
    );
    const faults = validator.validateSync(instance, { stopAtFirstError: true });
    const found = [...unknown.slice(0, MAX_UNKNOWN_REPORTED).map(unknownField), ...faults.map(fieldError)];
    if (found.length > 0) throw invalid(...found.map((fault) => ({ ...fault, ...where })));
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

function fill(instance: object, fields: readonly [string, unknown][]): object {
  const readers = readersOf(instance);
  const read = (name: string, value: unknown): unknown =>
    typeof value === 'string' && value.length <= READ_MAX_LENGTH ? (readers.get(name)?.(value) ?? value) : value;
  return Object.assign(instance, Object.fromEntries(fields.map(([name, value]) => [name, read(name, value)])));
}

function unknownField(name: string): FieldError {
  return { pointer: pointer([name.toWellFormed()]), code: 'unknown_field', detail: 'is not a field of this request' };
}

function fieldError({ property, constraints = {} }: ValidationError): FieldError {
  const [[code, detail] = ['invalid', 'is invalid']] = Object.entries(constraints);
  return { pointer: pointer([property]), code, detail };
}

function findUnstorable(value: unknown): string[] | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : [];
  if (typeof value !== 'object' || value === null) return undefined;
  for (const name of Object.keys(value)) {
    if (!isStorable(name)) return [];
    const below = findUnstorable((value as Record<string, unknown>)[name]);
    if (below) return [name, ...below];
  }
  return undefined;
}

function unstorable(place: readonly string[]): FieldError {
  return {
    pointer: pointer(place),
    code: 'invalid_text',
    detail: 'must be Unicode text without NUL and without lone surrogates',
  };
}

function pointer(names: readonly string[]): string {
  let fragment = '#';
  for (const character of names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')) {
    const encoded = encodeURI(character);
    if (fragment.length + encoded.length > POINTER_MAX_LENGTH) return fragment.replace(/~$/, '');
    fragment += encoded;
  }
  return fragment;
}
