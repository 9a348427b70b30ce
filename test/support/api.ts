/** An HTTP client that holds every answer against openapi.json: an undocumented status or field fails the test. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

interface Operation {
  readonly responses: Record<string, { content?: Record<string, { schema?: object }> }>;
}

interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

const DOCUMENT = JSON.parse(readFileSync(join(__dirname, '../../openapi.json'), 'utf8')) as Document;
for (const schema of Object.values(DOCUMENT.components.schemas)) close(schema);
/** As a router matches them: what is written out before what may be anything. */
const PATHS = Object.entries(DOCUMENT.paths)
  .sort(([a], [b]) => a.split('{').length - b.split('{').length)
  .map(([path, item]) => ({
    path,
    item,
    pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
  }));
const COMMON_STATUSES = new Set([404, 405]);

/** The document lets answers grow; a test fails on a field that it does not know. */
function close(schema: { type?: unknown; properties?: object; additionalProperties?: unknown }): void {
  if (schema.type === 'object' && schema.properties) schema.additionalProperties ??= false;
}

export interface Answer<T = any> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  /** Exactly as it came. */
  readonly text: string;
}

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: { pointer: string; code: string; detail: string }[];
}

export class Api {
  constructor(
    private readonly url: string,
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  /** The same client, with other headers on top. */
  with(headers: Record<string, string>): Api {
    return new Api(this.url, { ...this.headers, ...headers });
  }

  /** The same client, for the bearer of an access token. */
  as(accessToken: string): Api {
    return this.with({ authorization: `Bearer ${accessToken}` });
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  post(path: string, body?: unknown): Promise<Answer> {
    return this.send('POST', path, body);
  }

  put(path: string, body?: unknown): Promise<Answer> {
    return this.send('PUT', path, body);
  }

  patch(path: string, body?: unknown): Promise<Answer> {
    return this.send('PATCH', path, body);
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.send('DELETE', path, body);
  }

  /** @param path below /api/v1, or absolute when it names a prefix itself */
  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const full =
      /^\/(?:api|health|metrics|docs|dev|reset|confirm|undo|forgot|problems|account-pages|openapi|\.well-known)\b/.test(
        path,
      )
        ? path
        : `/api/v1${path}`;
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const answer = await fetch(this.url + full, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...this.headers },
      ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const type = answer.headers.get('content-type') ?? '';
    // A stream does not end: that it begins is all that is asked here.
    const text = type.startsWith('text/event-stream') ? '' : await answer.text();
    if (!answer.bodyUsed) await answer.body?.cancel();
    const isJson = type.includes('json');
    const result = {
      status: answer.status,
      headers: answer.headers,
      text,
      body: isJson ? (JSON.parse(text) as unknown) : text,
    };
    assertDocumented(method, full, result);
    return result;
  }
}

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ $id: 'api', components: DOCUMENT.components });

function assertDocumented(method: string, path: string, answer: Answer): void {
  const problem = answer.status >= 400;
  const found = operationAt(method, path);
  if (!found) {
    if (
      !COMMON_STATUSES.has(answer.status) &&
      !path.startsWith('/docs') &&
      !/^\/(?:dev|reset|confirm|undo|forgot|problems|account-pages|\.well-known\/(?:change|passkey|security))/.test(
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
  const schema = Object.values(response.content ?? {})[0]?.schema;
  if (schema && method !== 'HEAD') validate(schema, answer.body, where);
}

function assertProblem(answer: Answer<Problem>, where: string): void {
  const type = answer.headers.get('content-type');
  if (type !== 'application/problem+json; charset=utf-8') throw new Error(`${where} is not problem+json but ${type}`);
  if (where.startsWith('HEAD')) return;
  validate(PROBLEM, answer.body, where);
  if (answer.body.status !== answer.status) throw new Error(`${where} says status ${answer.body.status}`);
}

function validate(schema: object, body: unknown, where: string): void {
  let check = checks.get(schema);
  if (!check) checks.set(schema, (check = checkOf(schema)));
  if (!check(body)) throw new Error(`${where} does not match openapi.json: ${ajv.errorsText(check.errors)}`);
}

/** Many schemas are written out more than once. */
function checkOf(schema: object): ValidateFunction {
  const text = JSON.stringify(schema).replaceAll('#/components', 'api#/components');
  let check = byText.get(text);
  if (!check) byText.set(text, (check = ajv.compile(JSON.parse(text) as object)));
  return check;
}

const PROBLEM = { $ref: '#/components/schemas/Problem' };
const checks = new WeakMap<object, ValidateFunction>();
const byText = new Map<string, ValidateFunction>();

function operationAt(method: string, path: string): { path: string; operation: Operation } | undefined {
  const [bare = ''] = path.split('?');
  const documented =
    bare.startsWith('/api/') && !bare.startsWith('/api/v1/') ? bare.replace('/api/', '/api/v1/') : bare;
  for (const { path, item, pattern } of PATHS) {
    const operation = item[method === 'HEAD' ? 'get' : method.toLowerCase()];
    if (operation && pattern.test(documented)) return { path, operation };
  }
  return undefined;
}
