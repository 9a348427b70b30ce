/** What every schema says: the most that a value can be. OpenAPI 3.1 has a list of types instead of `nullable`. */
import type { OpenAPIObject } from '@nestjs/swagger';

export interface Schema {
  type?: string | string[];
  format?: string;
  nullable?: boolean;
  enum?: unknown[];
  const?: unknown;
  allOf?: Schema[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[] | undefined;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  default?: unknown;
  additionalProperties?: boolean;
  $ref?: string;
}

const INT32_MAX = 2_147_483_647;

/** RFC 3339 with an offset and nine digits of a second; RFC 5321 for an address. */
const LENGTH_OF_FORMAT: Record<string, number> = { uuid: 36, date: 10, 'date-time': 35, email: 254 };

export function completeSchemas(document: OpenAPIObject): void {
  visit(document, (schema) => {
    if (schema.nullable !== undefined) makeNullable(schema);
    if (isOf(schema, 'string') && schema.enum === undefined && schema.format !== undefined)
      Object.assign(schema, { maxLength: LENGTH_OF_FORMAT[schema.format], ...schema });
    if (isOf(schema, 'integer')) schema.format = (schema.maximum ?? INT32_MAX) > INT32_MAX ? 'int64' : 'int32';
  });
}

export function nameScopes(document: OpenAPIObject, scopes: readonly string[]): void {
  const { personal_access_token: scheme } = document.components?.securitySchemes ?? {};
  Object.assign(scheme ?? {}, { 'x-scopes': scopes });
  visit(document, (schema) => {
    if (schema.format !== 'scope') return;
    delete schema.format;
    schema.enum = [...scopes];
  });
}

function isOf({ type }: Schema, name: string): boolean {
  return type === name || (Array.isArray(type) && type.includes(name));
}

function makeNullable(schema: Schema): void {
  const { nullable, type, allOf } = schema;
  delete schema.nullable;
  if (nullable !== true) return;
  if (typeof type === 'string') schema.type = [type, 'null'];
  else if (allOf) {
    delete schema.allOf;
    schema.anyOf = [...allOf, { type: 'null' }];
  }
}

function visit(part: unknown, change: (schema: Schema) => void): void {
  if (typeof part !== 'object' || part === null) return;
  if ('type' in part || 'nullable' in part) change(part as Schema);
  for (const inner of Object.values(part)) visit(inner, change);
}
