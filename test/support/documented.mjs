// @ts-check
/** Holds answers against openapi.json: what it does not say of an operation is a fault. For the tests and the fuzzer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

/**
 * @typedef {{ content?: Record<string, { schema?: object }>, headers?: Record<string, object> }} Response
 * @typedef {{ operationId: string, parameters?: any[], requestBody?: any, responses: Record<string, Response> }} Operation
 * @typedef {{ status: number, headers: Headers, body: any, text: string }} Answer
 * @typedef {{ paths: Record<string, Record<string, Operation>>, components: { schemas: Record<string, any> } }} ApiDocument
 */

/** @type {ApiDocument} */
export const DOCUMENT = JSON.parse(readFileSync(join(import.meta.dirname, '../../openapi.json'), 'utf8'));
for (const schema of Object.values(DOCUMENT.components.schemas)) close(schema);
/** As a router matches them: what is written out before what may be anything. */
const PATHS = Object.entries(DOCUMENT.paths)
  .sort(([a], [b]) => a.split('{').length - b.split('{').length)
  .map(([path, item]) => ({
    path,
    item,
    pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
  }));
/** What clients read of an answer beside its body, and scripts of other origins may (src/http/cors.ts). */
const HEADERS =
  'content-disposition, deprecation, idempotency-replayed, link, ratelimit, ratelimit-policy, retry-after, sunset, www-authenticate, x-request-id'.split(
    ', ',
  );
const COMMON_STATUSES = new Set([404, 405]);
const PROBLEM = { $ref: '#/components/schemas/Problem' };
const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ $id: 'api', components: DOCUMENT.components });
/** @type {WeakMap<object, import('ajv').ValidateFunction>} */
const checks = new WeakMap();
/** @type {Map<string, import('ajv').ValidateFunction>} */
const byText = new Map();

/** The document lets answers grow; a test fails on a field that it does not know. @param {any} schema */
function close(schema) {
  if (schema.type === 'object' && schema.properties) schema.additionalProperties ??= false;
}

/**
 * @param {string} method
 * @param {string} path with its prefix
 * @param {Answer} answer
 * @throws Error that says what openapi.json does not
 */
export function assertDocumented(method, path, answer) {
  const problem = answer.status >= 400;
  const found = operationAt(method, path);
  if (!found) {
    if (
      !COMMON_STATUSES.has(answer.status) &&
      !path.startsWith('/docs') &&
      !/^\/(?:dev|reset|confirm|undo|forgot|email-login|problems|account-pages|\.well-known\/(?:change|passkey|security))/.test(
        path,
      ) &&
      !path.startsWith('/openapi') &&
      !path.startsWith('/metrics')
    ) {
      throw new Error(`${method} ${path} answered ${answer.status}, and openapi.json has no such operation`);
    }
    if (problem) assertProblem(answer, `${method} ${path}`);
    return;
  }
  const where = `${method} ${found.path} ${answer.status}`;
  const response = found.operation.responses[String(answer.status)];
  if (!response) throw new Error(`${where} is not in openapi.json: ${answer.text.slice(0, 500)}`);
  if (problem) assertProblem(answer, where);
  const documented = Object.keys(response.headers ?? {}).map((name) => name.toLowerCase());
  const unknown = HEADERS.find((name) => answer.headers.has(name) && !documented.includes(name));
  if (unknown !== undefined) throw new Error(`${where} has a header ${unknown}, which openapi.json does not know`);
  const [type, content] = Object.entries(response.content ?? {})[0] ?? [];
  const sent = answer.headers.get('content-type')?.split(';')[0];
  if (type !== undefined && sent !== type) throw new Error(`${where} is not ${type} but ${sent}`);
  if (type === undefined && sent !== undefined) throw new Error(`${where} has no body in openapi.json, but ${sent}`);
  if (content?.schema && method !== 'HEAD') validate(content.schema, answer.body, where);
}

/** @param {Answer} answer @param {string} where */
export function assertProblem(answer, where) {
  const type = answer.headers.get('content-type');
  if (type !== PROBLEM_TYPE) throw new Error(`${where} is not problem+json but ${type}`);
  if (where.startsWith('HEAD')) return;
  validate(PROBLEM, answer.body, where);
  if (answer.body.status !== answer.status) throw new Error(`${where} says status ${answer.body.status}`);
}

/** @param {object} schema @param {unknown} body @param {string} where */
function validate(schema, body, where) {
  let check = checks.get(schema);
  if (!check) checks.set(schema, (check = checkOf(schema)));
  if (!check(body)) throw new Error(`${where} does not match openapi.json: ${check.errors?.map(saidOf).join('; ')}`);
}

/** @param {import('ajv').ErrorObject} error */
function saidOf({ instancePath, message, params }) {
  const field = params['additionalProperty'];
  return `${instancePath || 'it'} ${message}${field === undefined ? '' : ` (${field})`}`;
}

/** Many schemas are written out more than once. @param {object} schema */
function checkOf(schema) {
  const text = JSON.stringify(schema).replaceAll('#/components', 'api#/components');
  let check = byText.get(text);
  if (!check) byText.set(text, (check = ajv.compile(JSON.parse(text))));
  return check;
}

/** @param {string} method @param {string} path */
function operationAt(method, path) {
  const [bare = ''] = path.split('?');
  const documented =
    bare.startsWith('/api/') && !bare.startsWith('/api/v1/') ? bare.replace('/api/', '/api/v1/') : bare;
  for (const { path, item, pattern } of PATHS) {
    const operation = item[method === 'HEAD' ? 'get' : method.toLowerCase()];
    if (operation && pattern.test(documented)) return { path, operation };
  }
  return undefined;
}
