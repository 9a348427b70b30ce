import { RoostClient } from 'roost-client';

type Connect = (signal: AbortSignal) => Promise<Response>;

/** It gives one event and closes. */
const OPEN: Connect = () => Promise.resolve(new Response('event: reset\nid: 1\nretry: 1000\ndata: {}\n\n'));

const SILENT: Connect = (signal) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });

function refusing(status: number, body: (signal: AbortSignal) => ReadableStream): Connect {
  const headers = { 'content-type': 'application/problem+json', 'retry-after': '1' };
  return (signal) => Promise.resolve(new Response(body(signal), { status, headers }));
}

const CUT = (): ReadableStream =>
  new ReadableStream({
    pull: (controller) => {
      controller.error(new TypeError('terminated'));
    },
  });

const UNENDING = (signal: AbortSignal): ReadableStream =>
  new ReadableStream({
    start: (controller) => {
      signal.addEventListener('abort', () => {
        controller.error(signal.reason);
      });
    },
  });

describe('the stream of the client', () => {
  // Those that Node's own streams need are left to it.
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] }));

  afterEach(() => {
    jest.useRealTimers();
  });

  /** @returns what the stream gives in the minutes in which it has these connections, one after the other */
  async function read(...connections: Connect[]): Promise<string[]> {
    const given: string[] = [];
    const end = new AbortController();
    const roost = new RoostClient({
      url: 'http://127.0.0.1',
      token: 'any',
      fetch: (_, init) => (connections.shift() ?? SILENT)(init?.signal ?? end.signal),
    });
    const reading = (async () => {
      for await (const { type } of roost.stream({ signal: end.signal })) given.push(type);
    })().catch((error: unknown) => given.push((error as Error).name));
    for (let second = 0; second < 120; second += 1) await jest.advanceTimersByTimeAsync(1_000);
    end.abort();
    await reading;
    return given;
  }

  const GOES_ON = ['reset', 'reset', 'AbortError'];

  it('connects again when a server takes the connection and says nothing', async () => {
    expect(await read(OPEN, SILENT, OPEN)).toEqual(GOES_ON);
  });

  it.each([429, 503])('connects again when the body of a %i is cut', async (status) => {
    expect(await read(OPEN, refusing(status, CUT), OPEN)).toEqual(GOES_ON);
  });

  it.each([429, 503])('connects again when the body of a %i does not end', async (status) => {
    expect(await read(OPEN, refusing(status, UNENDING), OPEN)).toEqual(GOES_ON);
  });

  it('throws when the first connection is silent', async () => {
    expect(await read(SILENT)).toEqual(['TimeoutError']);
  });
});
