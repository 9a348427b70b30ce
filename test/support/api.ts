/** HTTP clients that hold every answer against openapi.json: an undocumented status or field fails the test. */
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
    const response = await fetch(this.url + full, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...this.headers },
      ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const answer = await answerOf(response);
    if (!response.bodyUsed) await response.body?.cancel();
    assertDocumented(method, full, answer);
    return answer;
  }
}

const undocumented: unknown[] = [];

/** For a client that reads answers itself. It may ask again when this throws: the test fails all the same. */
export const documentedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const answer = await answerOf(response);
  const { pathname, search } = new URL(input);
  try {
    assertDocumented(init?.method ?? 'GET', pathname + search, answer);
  } catch (error) {
    undocumented.push(error);
    throw error;
  }
  if (isStream(response)) return response;
  // The body has been read. A clone takes twice the time.
  return Object.defineProperties(response, {
    body: { value: null },
    text: { value: () => Promise.resolve(answer.text) },
  });
};

afterEach(() => {
  const [fault] = undocumented.splice(0);
  if (fault !== undefined) throw fault as Error;
});

async function answerOf(response: Response): Promise<Answer> {
  const { status, headers } = response;
  const text = isStream(response) ? '' : await response.text();
  const isJson = headers.get('content-type')?.includes('json') === true;
  return { status, headers, text, body: isJson ? (JSON.parse(text) as unknown) : text };
}

/** It does not end: that it begins is all that is asked here. */
function isStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true;
}
