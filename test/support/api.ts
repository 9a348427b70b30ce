/** An HTTP client that holds every answer against openapi.json: an undocumented status or field fails the test. */
import { assertDocumented } from './documented.mjs';

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
      /^\/(?:api|health|metrics|docs|dev|reset|confirm|undo|forgot|email-login|problems|account-pages|openapi|\.well-known)\b/.test(
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
