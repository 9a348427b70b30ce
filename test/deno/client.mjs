/** The typed client in Deno, against the Roost whose address is given: `npm run test:deno`. */
import assert from 'node:assert/strict';
import process from 'node:process';

import { memoryTokens, RoostClient, unwrap } from '../../clients/typescript/dist/index.js';

const roost = new RoostClient({ url: process.argv[2], tokens: memoryTokens() });
const account = { email: 'ada@example.org', password: 'correct horse battery' };

await unwrap(roost.post('/auth/register', { body: account }));
assert.equal((await roost.login(account)).ok, true);

const actions = [];
for await (const { action } of roost.list('/users/me/activity', { query: { limit: 1 } })) actions.push(action);
assert.deepEqual(actions, ['login.succeeded', 'user.registered']);

const refused = await roost.patch('/users/me', { body: { display_name: '' } });
assert.equal(refused.ok, false);
assert.equal(refused.problem.code, 'validation_failed');

const events = roost.stream();
assert.equal((await events.next()).value.type, 'reset');
await unwrap(roost.post('/posts', { body: { text: 'from Deno' } }));
assert.equal((await events.next()).value.post.text, 'from Deno');
await events.return();

assert.equal((await roost.logout()).ok, true);
assert.equal((await roost.get('/users/me')).status, 401);
process.stdout.write('The client works in Deno.\n');
process.exit();
