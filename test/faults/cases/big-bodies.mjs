import { Client } from '../support/client.mjs';
import { underLoad } from '../support/under-load.mjs';

export const title = 'bodies of 100 kB and of 10 MB, 100 at a time, to a Roost with a heap of 128 MB';

export async function inflict({ roost, full }) {
  const client = new Client(roost.url, { connections: 100, network: 11 });
  const end = Date.now() + (full ? 60_000 : 8_000);
  const sizes = [99_000, 10_000_000];
  const send = async (_, number) => {
    while (Date.now() < end) {
      const password = 'x'.repeat(sizes[number % 2]);
      await client.send('POST', '/api/v1/auth/login', { body: { email: 'a@example.org', password } });
    }
  };
  await Promise.all(Array.from({ length: 100 }, send));
  client.close();
}

export const run = (how) =>
  underLoad(how, { strokes: [1, 3], env: { NODE_ARGUMENTS: '--max-old-space-size=128' }, inflict });
