import type { Socket } from 'node:net';

import type pg from 'pg';

const GOODBYE_MS = 500;

export async function hangUp(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => {
    cut(client);
  }, GOODBYE_MS).unref();
  await client.end().catch(() => undefined);
  clearTimeout(timer);
}

export async function within<T>(ms: number, client: pg.Client, work: () => Promise<T>): Promise<T> {
  const expire = (): void => {
    cut(client, new Error('timeout expired'));
  };
  const timer = ms === Infinity ? undefined : setTimeout(expire, ms);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

export function cut(client: pg.Client, error?: Error): void {
  socketOf(client).destroy(error);
}

export function socketOf(client: pg.Client): Socket {
  return (client.connection as unknown as { readonly stream: Socket }).stream;
}
