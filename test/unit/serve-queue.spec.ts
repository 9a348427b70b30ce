import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { SERVE_QUEUE, ServeQueue } from '../../src/http/connections/serve-queue.js';

let now: number;
let blocked: boolean;
let queue: ServeQueue;
let served: string[];
/** Milliseconds that serving a request takes. */
let cost: number;

beforeEach(() => {
  now = 1_000_000;
  blocked = false;
  cost = 0;
  served = [];
  jest.replaceProperty(SERVE_QUEUE, 'recheck', 0);
  queue = new ServeQueue(
    () => blocked,
    () => now,
    (_least, most) => most,
  );
});

afterEach(async () => {
  blocked = false;
  while (queue.waiting > 0) await turns(1);
  jest.restoreAllMocks();
});

const enter = (name: string, url = '/api/v1/tasks'): void => {
  queue.enter({ url } as IncomingMessage, () => {
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

it('never keeps monitors waiting', () => {
  blocked = true;
  enterMany(3);
  enter('live', '/health/live');
  enter('ready', '/health/ready');
  enter('metrics', '/metrics');
  expect(served).toEqual(['live', 'ready', 'metrics']);
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
