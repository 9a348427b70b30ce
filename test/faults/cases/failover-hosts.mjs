import { failover } from '../support/failover.mjs';

export const title = 'the same without HAProxy: `DATABASE_URL` names both servers';

export function run(options) {
  return failover(options, {
    urlBefore: (nodes) => `postgres://roost@${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}/roost`,
  });
}
