/** Speaks with Roost: types from its OpenAPI document, tokens that refresh themselves, limits that are waited for. */
import { readEvents } from './events.js';
import { IDEMPOTENT } from './idempotent.js';
import { personOf, sessionOf } from './jwt.js';
import { ProblemError, problemOf, unwrap } from './problem.js';
import type { PostResponse, Problem } from './schema.js';
import { memoryTokens, type Tokens, type TokenStore } from './tokens.js';
import type { Answer, Arguments, Input, Item, ListPath, Method, Operation, Options, Path } from './types.js';

export interface ClientOptions {
  /** Where Roost is: `https://example.org`, also with a path. */
  readonly url: string;
  readonly tokens?: TokenStore;
  /** A personal access token, for a script: `tokens` is not used then, and nothing is refreshed. */
  readonly token?: string;
  /**
   * In a browser: the refresh token is kept in a cookie that no script can read, the access token in memory. The page must be of
   * the same site as Roost. Call `restore()` when the page has loaded.
   */
  readonly refreshTokenIn?: 'cookie';
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
  /** Seconds. */
  readonly maxWait?: number;
  /** It has an Idempotency-Key: the server does it once. */
  readonly isRepeatable?: boolean;
}

/** What came of a refresh: tokens, or the answer that refused it for now; neither when the session has ended. */
interface Refreshed {
  readonly tokens?: Tokens | undefined;
  readonly refusal?: { readonly text: string; readonly init: ResponseInit };
}

/** Milliseconds. A live stream says something each 15 seconds. */
const STREAM = { reconnect: 1_000, mostReconnect: 30_000, silence: 35_000 };
const REFRESH_MS = 30_000;
const OF_SESSIONS = /\/auth\/(?:login(?:\/.*)?|refresh|logout)$/;
const ENDED = new Set(['invalid_refresh_token', 'refresh_token_reused', 'account_disabled', 'account_deleted']);

export class RoostClient {
  private readonly base: string;
  private readonly tokens: TokenStore;
  private readonly token: string | undefined;
  private readonly refreshTokenIn: 'cookie' | undefined;
  private readonly maxWait: number;
  private readonly fetch: typeof fetch;
  private refreshing: Promise<Refreshed> | undefined;
  private loginsSent = 0;
  private loginKept = 0;

  constructor(options: ClientOptions) {
    const { url, tokens = memoryTokens(), token, refreshTokenIn, maxWait = 10, fetch = globalThis.fetch } = options;
    const page = (globalThis as { location?: { href: string } }).location?.href;
    this.base = `${new URL(url, page).href.replace(/[/?#]*$/, '')}/api/v1`;
    this.tokens = tokens;
    this.token = token;
    this.refreshTokenIn = refreshTokenIn;
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

  /** Keeps the tokens of the new session. An account with a second factor gets `mfa_required` and a ticket instead. */
  async login(
    body: Input<Operation<'post', '/auth/login'>>['body'],
    options: Options = {},
  ): Promise<Answer<Operation<'post', '/auth/login'>>> {
    const login = (this.loginsSent += 1);
    const answer = await this.post('/auth/login', { body, ...options });
    if (answer.ok && 'access_token' in answer.data) await this.keep(answer.data, login);
    return answer;
  }

  /** Asks for a mail with a code, where EMAIL_LOGIN is on. Keep the `login_request` for `completeEmailLogin`. */
  loginByEmail(email: string, options: Options = {}): Promise<Answer<Operation<'post', '/auth/login/email'>>> {
    return this.post('/auth/login/email', { body: { email }, ...options });
  }

  /** By the code or the token of the mail. Keeps the tokens of the new session; answers `mfa_required` as `login` does. */
  async completeEmailLogin(
    body: Input<Operation<'post', '/auth/login/email/complete'>>['body'],
    options: Options = {},
  ): Promise<Answer<Operation<'post', '/auth/login/email/complete'>>> {
    const login = (this.loginsSent += 1);
    const answer = await this.post('/auth/login/email/complete', { body, ...options });
    if (answer.ok && 'access_token' in answer.data) await this.keep(answer.data, login);
    return answer;
  }

  /** The second step of a login. Keeps the tokens of the new session. */
  async completeLogin(
    body: Input<Operation<'post', '/auth/login/second-factor'>>['body'],
    options: Options = {},
  ): Promise<Answer<Operation<'post', '/auth/login/second-factor'>>> {
    const login = (this.loginsSent += 1);
    const answer = await this.post('/auth/login/second-factor', { body, ...options });
    if (answer.ok) await this.keep(answer.data, login);
    return answer;
  }

  /** In cookie mode, for a page that has just loaded. @returns whether there is a session */
  async restore(): Promise<boolean> {
    const before = await this.tokens.get();
    const answer = await this.exchange({});
    const kept = await this.tokens.get();
    // A login or a logout came between.
    if (kept?.access_token !== before?.access_token) return kept !== undefined;
    if (answer.ok) await this.tokens.set(answer.data);
    return answer.ok;
  }

  /** Forgets the tokens of this session, also when it had ended before. A login that came between stays. */
  async logout(
    scope: 'local' | 'others' | 'global' = 'local',
    options: Options = {},
  ): Promise<Answer<Operation<'post', '/auth/logout'>>> {
    const before = await this.tokens.get();
    const answer = await this.post('/auth/logout', { body: { scope }, ...options });
    const kept = await this.tokens.get();
    const isSame = before !== undefined && kept !== undefined && sessionOf(kept) === sessionOf(before);
    if (isSame && scope !== 'others' && (answer.ok || answer.status === 401)) await this.tokens.set(undefined);
    return answer;
  }

  /** All items of a list. @throws ProblemError */
  async *list<P extends ListPath>(
    path: P,
    ...input: Arguments<Operation<'get', P>>
  ): AsyncGenerator<Item<Operation<'get', P>>> {
    for await (const page of this.pages(path, ...input)) yield* page;
  }

  /** The same, a page at a time. @throws ProblemError */
  async *pages<P extends ListPath>(
    path: P,
    ...input: Arguments<Operation<'get', P>>
  ): AsyncGenerator<Item<Operation<'get', P>>[]> {
    const { signal, headers } = input[0] ?? {};
    let url: string | undefined = this.address(path, input[0]);
    while (url !== undefined) {
      const response = await this.send('get', url, { ...(signal && { signal }), ...(headers && { headers }) });
      const items = await unwrap(answerOf<Operation<'get', P>>(response, await response.text()));
      yield items as Item<Operation<'get', P>>[];
      url = nextOf(response, url);
    }
  }

  /**
   * New posts for as long as the session lives. It begins with a `reset`, unless `lastEventId` says where to go on. It reconnects
   * after a cut, refreshes the token, and loses and doubles nothing.
   *
   * @throws ProblemError when the session has ended, or a newer stream of the person has taken its place; what `fetch` throws
   * when the first connection fails or stays silent
   */
  async *stream({
    lastEventId,
    signal,
    headers,
  }: Options & { lastEventId?: string } = {}): AsyncGenerator<StreamEvent> {
    let [id, reconnect, failures, wasOpen] = [lastEventId, STREAM.reconnect, 0, false];
    for (;;) {
      const position = id === undefined ? {} : { 'last-event-id': id };
      const connection = await this.connect({ ...headers, ...position }, signal).catch((error: unknown) => {
        if (signal?.aborted === true || !wasOpen) throw error;
      });
      const response = connection?.response;
      failures = response?.ok === true ? 0 : failures + 1;
      if (connection?.refusal !== undefined) throwUnlessPassing(connection.response, connection.refusal);
      if (response?.ok === true && response.body) {
        wasOpen = true;
        for await (const event of readEvents(response.body, STREAM.silence)) {
          const isFirst = id === undefined;
          id = event.id ?? id ?? '';
          reconnect = Number(event.retry ?? reconnect);
          if (event.event === 'post') yield { type: 'post', id, post: JSON.parse(event.data ?? '') as PostResponse };
          if (event.event === 'reset' || isFirst) yield { type: 'reset', id };
          if (event.event === 'end') throwIfReplaced(event.data);
        }
      }
      const backOff = Math.min(reconnect * 2 ** Math.max(0, failures - 1), STREAM.mostReconnect);
      const asked = response?.ok === false ? secondsToWait(response) : 0;
      await wait(Math.max(backOff, Number.isFinite(asked) ? asked * 1_000 : 0), signal);
    }
  }

  /** @returns the text of a refusal, too; none where that was cut. @throws what `fetch` throws, also after a silence */
  private async connect(
    headers: Options['headers'] = {},
    signal?: AbortSignal,
  ): Promise<{ response: Response; refusal?: string | undefined }> {
    const silence = new AbortController();
    const timer = setTimeout(() => {
      silence.abort(new DOMException('The server says nothing.', 'TimeoutError'));
    }, STREAM.silence);
    try {
      const response = await this.send('get', this.address('/timeline/stream'), {
        signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
        headers,
        maxWait: 0,
      });
      return response.ok ? { response } : { response, refusal: await response.text().catch(() => undefined) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Of two logins the one that was sent later stays, whichever answer comes first. */
  private async keep(tokens: Tokens, login: number): Promise<void> {
    if (login < this.loginKept) return;
    this.loginKept = login;
    await this.tokens.set(tokens);
  }

  private async ask<O>(method: Method, path: string, input: Partial<Input<O>> = {}): Promise<Answer<O>> {
    const { signal, headers, body } = input as Sent;
    const isRepeatable = method === 'post' && IDEMPOTENT.has(path);
    const all = isRepeatable ? withKey(headers) : headers;
    const sent = {
      isRepeatable,
      ...(signal && { signal }),
      ...(all && { headers: all }),
      ...(body !== undefined && { body }),
    };
    const url = this.address(path, input);
    const attempt = async (): Promise<Answer<O>> => {
      const response = await this.send(method, url, sent);
      return answerOf(response, await response.text());
    };
    if (!isRepeatable) return attempt();
    return attempt().catch((error: unknown) => {
      if (signal?.aborted === true) throw error;
      return attempt();
    });
  }

  /** @throws TypeError for a part of the path that would change the path */
  private address(path: string, input: object = {}): string {
    const given = input as { path?: Record<string, unknown>; query?: Record<string, unknown> };
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
      const part = String(given.path?.[name]);
      if (/^\.{0,2}$/.test(part)) throw new TypeError(`${name} cannot be "${part}"`);
      return encodeURIComponent(part);
    });
    const query = Object.entries(given.query ?? {}).filter(([, value]) => value !== undefined);
    const text = new URLSearchParams(query.map(([name, value]): [string, string] => [name, String(value)])).toString();
    return `${this.base}${filled}${text && `?${text}`}`;
  }

  /** Once more after a refresh, and once more after the wait that the answer asks for, in any order. */
  private async send(method: Method, url: string, sent: Sent): Promise<Response> {
    let tokens = this.token === undefined ? await this.tokens.get() : undefined;
    let mayRefresh = !/\/auth\/(?:login(?:\/.*)?|refresh)$/.test(url);
    // A logout ends one session; what else a person asked is done in any session of that person.
    const ownerOf = url.endsWith('/auth/logout') ? sessionOf : personOf;
    let mayWait = true;
    for (;;) {
      const response = await this.once(method, url, { ...sent, tokens });
      if (response.status === 401 && tokens && mayRefresh) {
        mayRefresh = false;
        const refreshed: Refreshed = await raced(this.refreshed(tokens), sent.signal);
        if (refreshed.refusal) return new Response(refreshed.refusal.text, refreshed.refusal.init);
        // What one person asked is not done as another, who has logged in meanwhile.
        if (!refreshed.tokens || ownerOf(refreshed.tokens) !== ownerOf(tokens)) return response;
        tokens = refreshed.tokens;
      } else {
        const seconds = secondsToWait(response);
        // After 503 a request may have been carried out; 429 is said before. A key that is in use is 409 with Retry-After.
        const isSafe = method === 'get' ? [429, 503] : sent.isRepeatable === true ? [409, 429, 503] : [429];
        if (!isSafe.includes(response.status) || !mayWait || seconds > (sent.maxWait ?? this.maxWait)) return response;
        mayWait = false;
        await wait(seconds * 1_000, sent.signal);
      }
      await response.body?.cancel();
    }
  }

  private once(method: Method, url: string, { body, signal, headers, tokens }: Sent): Promise<Response> {
    const all = new Headers(headers);
    if (body !== undefined) all.set('content-type', 'application/json');
    const bearer = this.token ?? tokens?.access_token;
    if (bearer !== undefined && !all.has('authorization')) all.set('authorization', `Bearer ${bearer}`);
    const inCookie = this.refreshTokenIn !== undefined && OF_SESSIONS.test(url);
    if (inCookie) all.set('refresh-token-in', 'cookie');
    return this.fetch(url, {
      method: method.toUpperCase(),
      ...(inCookie && { credentials: 'include' }),
      headers: all,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  }

  /** One refresh for all requests that were refused meanwhile. */
  private refreshed(used: Tokens): Promise<Refreshed> {
    this.refreshing ??= this.refresh(used).finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async refresh(used: Tokens): Promise<Refreshed> {
    const current = await this.tokens.get();
    // Another request, or another tab, was first.
    if (current?.access_token !== used.access_token) return { tokens: current };
    const answer = await this.exchange(current);
    const kept = await this.tokens.get();
    // A login, a logout or another tab came between.
    if (kept?.access_token !== current.access_token) return { tokens: kept };
    const { ok, status, headers } = answer.response;
    if (ok && answer.ok) {
      await this.tokens.set(answer.data);
      return { tokens: answer.data };
    }
    if (!answer.ok && ENDED.has(answer.problem.code)) {
      await this.tokens.set(undefined);
      return {};
    }
    const text = answer.ok ? '' : JSON.stringify(answer.problem);
    return { refusal: { text, init: { status, headers: new Headers(headers) } } };
  }

  /** The same token again gives the same answer, so it may be asked twice: after a lost answer, and after 503. */
  private async exchange({ refresh_token }: Partial<Tokens>): Promise<Answer<Operation<'post', '/auth/refresh'>>> {
    const body = refresh_token === undefined ? {} : { body: { refresh_token } };
    const ask = (): Promise<Answer<Operation<'post', '/auth/refresh'>>> =>
      this.post('/auth/refresh', { ...body, signal: AbortSignal.timeout(REFRESH_MS) });
    const answer = await ask().catch(ask);
    const seconds = secondsToWait(answer.response);
    if (answer.status !== 503 || seconds > this.maxWait) return answer;
    await wait(seconds * 1_000);
    return ask();
  }
}

function answerOf<O>(response: Response, text: string): Answer<O> {
  const { ok, status } = response;
  const answer = ok
    ? { ok, status, data: text === '' ? undefined : (JSON.parse(text) as unknown), response }
    : { ok, status, problem: problemOf(response, text), response };
  return answer as Answer<O>;
}

/** @throws Error for a link to another origin, which would get the token */
function nextOf({ headers }: Response, url: string): string | undefined {
  const [, link] = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '') ?? [];
  if (link === undefined) return undefined;
  const next = new URL(link, url);
  if (next.origin !== new URL(url).origin) throw new Error(`the next page is at another origin: ${next.origin}`);
  return next.href;
}

/** Random, unless the caller chose one. `randomUUID` is not there on pages without TLS. */
function withKey(headers: Options['headers'] = {}): Readonly<Record<string, string>> {
  if (Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key')) return headers;
  const bytes = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0'));
  return { ...headers, 'idempotency-key': `"${bytes.join('')}"` };
}

/** Seconds, or a date as proxies write it; without either, for ever. */
function secondsToWait({ headers }: Response): number {
  const text = headers.get('retry-after');
  if (text === null) return Infinity;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1_000;
  return Number.isNaN(seconds) ? Infinity : Math.max(0, seconds);
}

/** A stream waits for limits, and for servers that are away. @throws ProblemError otherwise */
function throwUnlessPassing(response: Response, text: string): void {
  if (response.status >= 500) return;
  const problem = problemOf(response, text);
  if (problem.code !== 'rate_limited') throw new ProblemError(problem);
}

function throwIfReplaced(data = '{}'): void {
  const problem = JSON.parse(data) as Problem;
  if (problem.code === 'too_many_streams') throw new ProblemError({ ...problem, status: 429 });
}

/** @throws the reason of the signal */
async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await raced(waited, signal).finally(() => {
    clearTimeout(timer);
  });
}

/** @throws the reason of the signal */
async function raced<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return work;
  signal.throwIfAborted();
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (abort) signal.removeEventListener('abort', abort);
  }
}
