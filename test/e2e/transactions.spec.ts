import { DataSource } from 'typeorm';

import { onCommit } from '../../src/database/transactions.js';
import { TestApp } from '../support/app.js';

let app: TestApp;
const database = (): DataSource => app.nestApp.get(DataSource);

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(() => app.stop());

describe('what waits for a commit', () => {
  let done: string[];

  beforeEach(() => {
    done = [];
  });

  it('runs in its order when others can see the rows, and before the caller goes on', async () => {
    await database().transaction(async (tx) => {
      onCommit(tx, () => done.push('first'));
      onCommit(tx, () => done.push('second'));
      await tx.query('SELECT 1');
      expect(done).toEqual([]);
    });
    expect(done).toEqual(['first', 'second']);
  });

  it('never runs after a rollback', async () => {
    const failing = database().transaction((tx) => {
      onCommit(tx, () => done.push('committed'));
      return Promise.reject(new Error('for a test'));
    });
    await expect(failing).rejects.toThrow('for a test');
    expect(done).toEqual([]);
  });

  it('runs once when the transaction is done a second time', async () => {
    let attempts = 0;
    await database().transaction(async (tx) => {
      attempts += 1;
      onCommit(tx, () => done.push(`attempt ${attempts}`));
      if (attempts === 1) await tx.query(`DO $$ BEGIN RAISE 'for a test' USING ERRCODE = '40P01'; END $$`);
    });
    expect(done).toEqual(['attempt 2']);
  });

  it('runs whole, also when a part of it throws: the transaction stands', async () => {
    const committed = database().transaction((tx) => {
      onCommit(tx, () => {
        throw new Error('for a test');
      });
      onCommit(tx, () => done.push('second'));
      return Promise.resolve();
    });
    await expect(committed).rejects.toThrow('for a test');
    expect(done).toEqual(['second']);
  });

  it('runs at once without a transaction, where each statement has committed', () => {
    const done: string[] = [];
    onCommit(database().manager, () => done.push('work'));
    expect(done).toEqual(['work']);
  });
});

it.each([
  ['alone', () => database().query('SELECT 1 / $1::int', [0])],
  ['in a transaction', () => database().transaction((tx) => tx.query('SELECT 1 / $1::int', [0]))],
])('the error of a statement leads back to who sent it: %s', async (_, send) => {
  async function whoSent(): Promise<void> {
    await send();
  }
  const error = await whoSent().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: '22012', stack: expect.stringContaining('whoSent') as string });
});
