/** The kit by HTTP, for suites in other languages. On the loopback address only. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { ROLES } from '../common/access.js';
import { AppError, invalid } from '../common/errors.js';
import { problemReply } from '../http/problem.js';
import type { Duration, NewUser, Roost } from './kit.js';

export interface Control {
  readonly url: string;
  readonly close: () => Promise<void>;
}

interface Asked {
  readonly snapshot: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

type Handle = (asked: Asked) => Promise<unknown>;

export async function listen(roost: Roost<unknown>, port = 0): Promise<Control> {
  const routes = routesOf(roost);
  // One at a time: a restore closes the server that others would use.
  let last: Promise<unknown> = Promise.resolve();
  const server = createServer((request, response) => {
    last = last.then(() => answer(request, response, routes));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await last;
    },
  };
}

function routesOf(roost: Roost<unknown>): Readonly<Record<string, Handle>> {
  return {
    'POST /test/reset': () => roost.reset(),
    'POST /test/users': async ({ body }) => {
      const user = await roost.as(newUser(body));
      return { ...user, client: undefined };
    },
    'POST /test/clock': ({ body }) => {
      if (body.advance !== undefined) roost.clock.advance(body.advance as Duration);
      return Promise.resolve({ now: roost.clock.now().toISOString() });
    },
    'POST /test/jobs': () => roost.runJobs(),
    'GET /test/mail': ({ query }) => roost.mail.all(query.get('to') ?? undefined),
    'POST /test/snapshots/{name}': ({ snapshot }) => roost.snapshot(snapshot),
    'POST /test/snapshots/{name}/restore': ({ snapshot }) => roost.restore(snapshot),
  };
}

const USER_FIELDS = new Map<string, (value: unknown) => boolean>([
  ['username', (value) => typeof value === 'string'],
  ['email', (value) => typeof value === 'string'],
  ['role', (value) => (ROLES as readonly unknown[]).includes(value)],
  ['confirmed', (value) => typeof value === 'boolean'],
]);

function newUser(body: Asked['body']): NewUser {
  const wrong = Object.entries({ username: undefined, ...body }).find(
    ([name, value]) => USER_FIELDS.get(name)?.(value) !== true,
  );
  if (wrong) throw invalid({ pointer: `#/${wrong[0]}`, code: 'wrong_value', detail: 'is missing, wrong or unknown' });
  return body as unknown as NewUser;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: Readonly<Record<string, Handle>>,
): Promise<void> {
  try {
    const result = await handle(request, routes);
    if (result === undefined) response.writeHead(204).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
  } catch (error) {
    const { problem, headers } = problemReply(translated(error), { id: randomUUID(), url: request.url ?? '' });
    response.writeHead(problem.status, headers).end(JSON.stringify(problem));
  }
}

async function handle(request: IncomingMessage, routes: Readonly<Record<string, Handle>>): Promise<unknown> {
  requireOwnMachine(request);
  const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://127.0.0.1');
  const [, snapshot = ''] = /^\/test\/snapshots\/([^/]+)/.exec(pathname) ?? [];
  const route = pathname.replace(/^(\/test\/snapshots\/)[^/]+/, '$1{name}');
  const chosen = routes[`${request.method} ${route}`];
  if (!chosen) throw new AppError('route_not_found');
  return chosen({ snapshot: decodeURIComponent(snapshot), query, body: await bodyOf(request) });
}

/** Pages in a browser reach this address, too: by a name that leads to it, or across origins. */
function requireOwnMachine({ headers: { host = '', origin } }: IncomingMessage): void {
  if (!/^(?:127\.0\.0\.1|localhost):\d+$/.test(host) || origin !== undefined) throw new AppError('unknown_host');
}

async function bodyOf(request: IncomingMessage): Promise<Asked['body']> {
  const content = await text(request);
  if (content === '') return {};
  try {
    const body: unknown = JSON.parse(content);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Asked['body'];
  } catch {
    throw new AppError('malformed_json');
  }
  throw invalid({ pointer: '#', code: 'wrong_type', detail: 'must be an object' });
}

function translated(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof RangeError || error instanceof URIError)
    return invalid({ pointer: '#', code: 'out_of_range', detail: error.message });
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return new AppError('internal_error');
}
