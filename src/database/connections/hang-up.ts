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

export function cut(client: pg.Client, error?: Error): void {
  socketOf(client).destroy(error);
}

export function socketOf(client: pg.Client): Socket {
  return (client.connection as unknown as { readonly stream: Socket }).stream;
}
