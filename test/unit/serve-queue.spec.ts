import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { SERVE_QUEUE, ServeQueue } from '../../src/http/connections/serve-queue.js';

let now: number;
let blocked: boolean;
let queue: ServeQueue;
let served: string[];
/** Milliseconds that serving a request takes. */
let cost: number;
/** Whether the clients of requests to come have left. */
let gone: boolean;

beforeEach(() => {
  now = 1_000_000;
  blocked = false;
  cost = 0;
  gone = false;
  served = [];
  jest.replaceProperty(SERVE_QUEUE, 'recheck', 0);
  queue = new ServeQueue(
    () => blocked,
    ({ url = '' }) => url,
    () => now,
    (_least, most) => most,
  );
});

afterEach(async () => {
  blocked = false;
  while (queue.waiting > 0) await turns(1);
  jest.restoreAllMocks();
});

const enter = (name: string, url = '/api/v1/users/me'): void => {
  queue.enter({ url, socket: { destroyed: gone } } as IncomingMessage, () => {
    served.push(name);
    now += cost;
  });
};
const enterMany = (count: number): void => {
  for (let n = 0; n < count; n += 1) enter(String(n));
};
const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) await nextTurn();
};

it('serves a request at once while there is time in this turn of the event loop', () => {
  enter('a');
  expect(served).toEqual(['a']);
  expect(queue.waiting).toBe(0);
});

it('serves those beyond the time of a turn in the next ones, in order', async () => {
  cost = SERVE_QUEUE.turn / 2;
  enterMany(6);
  expect(served).toEqual(['0', '1']);
  await turns(1);
  expect(served).toHaveLength(4);
  await turns(1);
  expect(served).toEqual(['0', '1', '2', '3', '4', '5']);
  expect(queue.refused).toBe(0);
});

it('never keeps monitors and those who verify tokens waiting', () => {
  blocked = true;
  enterMany(3);
  const paths = ['/health/live', '/health/ready', '/metrics', '/metrics?x', '/.well-known/jwks.json'];
  for (const path of paths) enter(path, path);
  expect(served).toEqual(paths);
});

it('keeps what only looks like theirs waiting', () => {
  blocked = true;
  for (const path of ['/health/x', '/health/liveness', '/metrics/x', '/api/v1/health/live', '/healthy'])
    enter(path, path);
  expect(served).toEqual([]);
});

it('serves only so many of theirs in a turn: a flood of them waits like any other', async () => {
  blocked = true;
  const { urgentATurn } = SERVE_QUEUE;
  for (let n = 0; n < urgentATurn + 5; n += 1) enter(String(n), '/health/live');
  expect([served.length, queue.waiting]).toEqual([urgentATurn, 5]);
  await turns(1);
  enter('next', '/health/live');
  expect(served).toHaveLength(urgentATurn + 1);
});

it('spends nothing on clients that have left', async () => {
  blocked = true;
  gone = true;
  enterMany(2);
  gone = false;
  enter('there');
  blocked = false;
  while (queue.waiting > 0) await turns(1);
  expect(served).toHaveLength(3);
  expect(queue.refused).toBe(0);
  // Two were refused, though nobody is told so, and one was served.
  expect(queue.retryAfterSeconds()).toBe(1 + 2 * 2);
});

it('begins nothing while too much waits for the database, and goes on by itself', async () => {
  blocked = true;
  enterMany(3);
  expect(queue.waiting).toBe(3);
  blocked = false;
  while (queue.waiting > 0) await turns(1);
  expect(served).toEqual(['0', '1', '2']);
  expect(queue.refused).toBe(0);
});

it('refuses who has waited longer than a burst may take', async () => {
  blocked = true;
  enter('late');
  now += SERVE_QUEUE.burst;
  enter('fresh');
  now += 1;
  while (queue.waiting > 1) await turns(1);
  expect(queue.refused).toBe(1);
  expect(served).toEqual(['late']);
  expect(queue.waiting).toBe(1);
});

it('lets nobody wait long once a queue has stood for that long', async () => {
  blocked = true;
  enter('first');
  now += SERVE_QUEUE.burst + 1;
  enter('second');
  now += SERVE_QUEUE.standing + 1;
  while (queue.waiting > 0) await turns(1);
  expect(queue.refused).toBe(2);
});

it('is patient again after it was empty', async () => {
  blocked = true;
  enter('first');
  now += SERVE_QUEUE.burst + 1;
  while (queue.waiting > 0) await turns(1);
  enter('second');
  now += SERVE_QUEUE.burst;
  await turns(20);
  expect(queue.waiting).toBe(1);
  blocked = false;
  while (queue.waiting > 0) await turns(1);
  expect(queue.refused).toBe(1);
});

describe('when to come back', () => {
  it('is within a second where nothing was refused', () => {
    expect(queue.retryAfterSeconds()).toBe(1);
  });

  it.each([
    [4, 2, 1 + 2],
    [2, 4, 1 + 2 * 2],
    [1, 40, SERVE_QUEUE.longestRetry],
  ])('is spread over the time that the refused need: %i served, %i refused', async (many, refused, most) => {
    blocked = true;
    enterMany(refused);
    now += SERVE_QUEUE.burst + 1;
    while (queue.waiting > 0) await turns(1);
    blocked = false;
    enterMany(many);
    expect(queue.retryAfterSeconds()).toBe(most);
  });
});
