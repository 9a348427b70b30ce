/** A client of server-sent events, as the specification has it: over fetch, which can send a bearer token. */
import { eventually } from './process.js';

export interface StreamEvent {
  /** The last one that was seen when the event was dispatched. */
  readonly id: string;
  readonly event: string;
  readonly data: any;
}

export interface StreamOptions {
  readonly lastEventId?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export class TestStream {
  readonly events: StreamEvent[] = [];
  lastEventId = '';
  comments = 0;
  retry: string | undefined;
  /** The server ended it, or the connection was lost. */
  ended = false;
  private readonly abort = new AbortController();

  private constructor(readonly answer: Response) {}

  /** Resolves when the stream has begun and has given an id. */
  static async open(
    { url }: { url: string },
    { access_token }: { access_token: string },
    { lastEventId, headers }: StreamOptions = {},
  ): Promise<TestStream> {
    const abort = new AbortController();
    const answer = await fetch(`${url}/api/v1/timeline/stream`, {
      headers: {
        authorization: `Bearer ${access_token}`,
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
        ...headers,
      },
      signal: abort.signal,
    });
    if (answer.status !== 200) throw new Error(`the stream answered ${answer.status}: ${await answer.text()}`);
    const stream = new TestStream(answer);
    stream.abort.signal.addEventListener('abort', () => {
      abort.abort();
    });
    void stream.read();
    await stream.until(() => stream.lastEventId !== '');
    return stream;
  }

  of(event: string): StreamEvent[] {
    return this.events.filter((each) => each.event === event);
  }

  get texts(): string[] {
    return this.of('post').map(({ data }) => data.text as string);
  }

  /** The code of the last event, when the server ended the stream with one. */
  get endCode(): string | undefined {
    return this.of('end')[0]?.data.code;
  }

  /** Fails when the stream ends before. */
  async until(condition: () => boolean): Promise<void> {
    await eventually(() => condition() || this.ended);
    if (!condition()) throw new Error(`the stream ended before: ${JSON.stringify(this.events.slice(-3))}`);
  }

  async untilEnded(): Promise<void> {
    await eventually(() => this.ended);
  }

  close(): void {
    this.abort.abort();
  }

  private async read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for await (const bytes of this.answer.body ?? []) {
        const blocks = (rest + decoder.decode(bytes as Uint8Array, { stream: true })).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) this.dispatch(block);
      }
    } catch {
      // Closed by the test, or cut by the server.
    }
    this.ended = true;
  }

  private dispatch(block: string): void {
    const fields = new Map<string, string>();
    // The specification has three kinds of line breaks.
    for (const line of block.split(/\r\n|\r|\n/)) {
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (name === '' && line.startsWith(':')) this.comments += 1;
      else fields.set(name, fields.has(name) ? `${fields.get(name)}\n${value}` : value);
    }
    this.lastEventId = fields.get('id') ?? this.lastEventId;
    this.retry = fields.get('retry') ?? this.retry;
    const data = fields.get('data');
    if (data === undefined) return;
    this.events.push({ id: this.lastEventId, event: fields.get('event') ?? 'message', data: JSON.parse(data) });
  }
}
