/** Speaks with Roost: types from its OpenAPI document, tokens that refresh themselves, limits that are waited for. */
import { readEvents } from './events.js';
import { ProblemError, unwrap } from './problem.js';
import type { PostResponse, Problem } from './schema.js';
import { memoryTokens, type Tokens, type TokenStore } from './tokens.js';
import type { Answer, Arguments, Input, Item, ListPath, Method, Operation, Options, Path } from './types.js';

export interface ClientOptions {
  /** Where Roost is: `https://example.org`, also with a path. */
  readonly url: string;
  readonly tokens?: TokenStore;
  /** Seconds. A longer `Retry-After` is not waited for: the answer is given. 10 by default. */
  readonly maxWait?: number;
  readonly fetch?: typeof fetch;
}

/**
 * A new post, or `reset`: read the first page of the timeline. It comes first, and when it is not known what was missed. A post may
 * then be both on the page and in the stream.
 */
export type StreamEvent = { type: 'post'; id: string; post: PostResponse } | { type: 'reset'; id: string };

interface Sent extends Options {
  readonly body?: unknown;
  readonly tokens?: Tokens | undefined;
}

/** Milliseconds, until a stream has said its own. */
const RECONNECT_MS = 1_000;

export class RoostClient {
  private readonly base: string;
  private readonly tokens: TokenStore;
  private readonly maxWait: number;
  private readonly fetch: typeof fetch;
  private refreshing: Promise<Tokens | undefined> | undefined;

  constructor({ url, tokens = memoryTokens(), maxWait = 10, fetch = globalThis.fetch }: ClientOptions) {
    this.base = `${url.replace(/\/+$/, '')}/api/v1`;
    this.tokens = tokens;
    this.maxWait = maxWait;
    this.fetch = (input, init) => fetch(input, init);
  }

  get<P extends Path<'get'>>(path: P, ...input: Arguments<Operation<'get', P>>): Promise<Answer<Operation<'get', P>>> {
    return this.ask('get', path, input[0]);
  }

  post<P extends Path<'post'>>(
    path: P,
    ...input: Arguments<Operation<'post', P>>
  ): Promise<Answer<Operation<'post', P>>> {
    return this.ask('post', path, input[0]);
  }

  put<P extends Path<'put'>>(path: P, ...input: Arguments<Operation<'put', P>>): Promise<Answer<Operation<'put', P>>> {
    return this.ask('put', path, input[0]);
  }

  patch<P extends Path<'patch'>>(
    path: P,
    ...input: Arguments<Operation<'patch', P>>
  ): Promise<Answer<Operation<'patch', P>>> {
    return this.ask('patch', path, input[0]);
  }

  delete<P extends Path<'delete'>>(
    path: P,
    ...input: Arguments<Operation<'delete', P>>
  ): Promise<Answer<Operation<'delete', P>>> {
    return this.ask('delete', path, input[0]);
  }

  /** Keeps the tokens of the new session. */
  async login(
    body: Input<Operation<'post', '/auth/login'>>['body'],
    options: Options = {},
  ): Promise<Answer<Operation<'post', '/auth/login'>>> {
    const answer = await this.post('/auth/login', { body, ...options });
    if (answer.ok) await this.tokens.set(answer.data);
    return answer;
  }

  /** Forgets the tokens, also when the session had ended before. */
  async logout(
    scope: 'local' | 'others' | 'global' = 'local',
    options: Options = {},
  ): Promise<Answer<Operation<'post', '/auth/logout'>>> {
    const answer = await this.post('/auth/logout', { body: { scope }, ...options });
    if (scope !== 'others' && (answer.ok || answer.status === 401)) await this.tokens.set(undefined);
    return answer;
  }

  /** All items of a list, page by page. @throws ProblemError */
  async *list<P extends ListPath>(
    path: P,
    ...input: Arguments<Operation<'get', P>>
  ): AsyncGenerator<Item<Operation<'get', P>>> {
    const { signal } = input[0] ?? {};
    let url: string | undefined = this.address(path, input[0]);
    while (url !== undefined) {
      const response = await this.send('get', url, signal ? { signal } : {});
      const items = await unwrap(answerOf<Operation<'get', P>>(response, await response.text()));
      yield* items as Item<Operation<'get', P>>[];
      const next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
      // The token goes to no other origin, whatever a link says.
      url = next && new URL(new URL(next, url).pathname + new URL(next, url).search, url).href;
    }
  }

  /**
   * New posts, after a first `reset`, for as long as the session lives: reconnects, refreshes the token, and loses and doubles nothing.
   *
   * @throws ProblemError when the session has ended, or a newer stream of the person has taken its place
   */
  async *stream({
    lastEventId,
    signal,
    headers,
  }: Options & { lastEventId?: string } = {}): AsyncGenerator<StreamEvent> {
    let [id, pause] = [lastEventId, RECONNECT_MS];
    for (;;) {
      const position = id === undefined ? {} : { 'last-event-id': id };
      const options = { ...(signal && { signal }), headers: { ...headers, ...position } };
      try {
        const response = await this.send('get', this.address('/timeline/stream'), options);
        if (!response.ok || !response.body) throw new ProblemError(problemOf(response, await response.text()));
        for await (const event of readEvents(response.body)) {
          const isFirst = id === undefined;
          id = event.id ?? id ?? '';
          pause = Number(event.retry ?? pause);
          if (event.event === 'post') yield { type: 'post', id, post: JSON.parse(event.data ?? '') as PostResponse };
          if (event.event === 'reset' || isFirst) yield { type: 'reset', id };
          if (event.event === 'end') throwIfReplaced(event.data);
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof ProblemError && !isPassing(error.problem)) throw error;
      }
      await wait(pause, signal);
    }
  }

  private async ask<O>(method: Method, path: string, input: Partial<Input<O>> = {}): Promise<Answer<O>> {
    const { signal, headers, body } = input as Sent;
    const sent = { ...(signal && { signal }), ...(headers && { headers }), ...(body !== undefined && { body }) };
    const response = await this.send(method, this.address(path, input), sent);
    return answerOf(response, await response.text());
  }

  private address(path: string, input: object = {}): string {
    const given = input as { path?: Record<string, unknown>; query?: Record<string, unknown> };
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(given.path?.[name])));
    const query = Object.entries(given.query ?? {}).filter(([, value]) => value !== undefined);
    const text = new URLSearchParams(query.map(([name, value]): [string, string] => [name, String(value)])).toString();
    return `${this.base}${filled}${text && `?${text}`}`;
  }

  /** Once more after a refresh, and once more after the wait that the answer asks for. */
  private async send(method: Method, url: string, sent: Sent): Promise<Response> {
    const tokens = await this.tokens.get();
    let response = await this.once(method, url, { ...sent, tokens });
    if (response.status === 401 && tokens && !/\/auth\/(?:login|refresh)$/.test(url)) {
      const next = await this.refreshed(tokens);
      if (next) response = await this.again(response, () => this.once(method, url, { ...sent, tokens: next }));
    }
    const seconds = Number(response.headers.get('retry-after') ?? Infinity);
    const isUndone = response.status === 429 || (response.status === 503 && method !== 'post' && method !== 'patch');
    if (!isUndone || seconds > this.maxWait) return response;
    await wait(seconds * 1_000, sent.signal);
    return this.again(response, async () => this.once(method, url, { ...sent, tokens: await this.tokens.get() }));
  }

  private async again(answered: Response, next: () => Promise<Response>): Promise<Response> {
    await answered.body?.cancel();
    return next();
  }

  private once(method: Method, url: string, { body, signal, headers, tokens }: Sent): Promise<Response> {
    return this.fetch(url, {
      method: method.toUpperCase(),
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(tokens && { authorization: `Bearer ${tokens.access_token}` }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  }

  /** One refresh for all requests that were refused meanwhile. */
  private refreshed(used: Tokens): Promise<Tokens | undefined> {
    this.refreshing ??= this.refresh(used).finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async refresh(used: Tokens): Promise<Tokens | undefined> {
    const current = await this.tokens.get();
    // Another request, or another tab, was first.
    if (current?.access_token !== used.access_token) return current;
    const exchange = (): Promise<Answer<Operation<'post', '/auth/refresh'>>> =>
      this.post('/auth/refresh', { body: { refresh_token: current.refresh_token } });
    // The same token again gives the same answer: a lost reply is asked for once more.
    const answer = await exchange().catch(exchange);
    const kept = await this.tokens.get();
    // A login, a logout or another tab came between.
    if (kept?.refresh_token !== current.refresh_token) return kept;
    if (answer.ok) await this.tokens.set(answer.data);
    else if (answer.status === 401 || answer.status === 403) await this.tokens.set(undefined);
    return answer.ok ? answer.data : undefined;
  }
}

function answerOf<O>(response: Response, text: string): Answer<O> {
  const { ok, status } = response;
  const answer = ok
    ? { ok, status, data: text === '' ? undefined : (JSON.parse(text) as unknown), response }
    : { ok, status, problem: problemOf(response, text), response };
  return answer as Answer<O>;
}

/** @throws Error when something in front of Roost answered */
function problemOf({ status, headers, url }: Response, text: string): Problem {
  if (headers.get('content-type')?.includes('json') === true) return JSON.parse(text) as Problem;
  throw new Error(`${url} answered ${status} without a problem document: a proxy's answer, not Roost's`);
}

/** What a stream waits for. */
function isPassing({ status, code }: Problem): boolean {
  return status >= 500 || code === 'rate_limited';
}

function throwIfReplaced(data = '{}'): void {
  const problem = JSON.parse(data) as Problem;
  if (problem.code === 'too_many_streams') throw new ProblemError({ ...problem, status: 429 });
}

/** @throws the reason of the signal */
async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort);
  });
}
