/** The typed client in Deno, against the Roost whose address is given: `npm run test:deno`. */
import assert from 'node:assert/strict';
import process from 'node:process';

import { memoryTokens, RoostClient, unwrap } from '../../clients/typescript/dist/index.js';

const roost = new RoostClient({ url: process.argv[2], tokens: memoryTokens() });
const account = { email: 'ada@example.org', password: 'correct horse battery' };

await unwrap(roost.post('/auth/register', { body: account }));
assert.equal((await roost.login(account)).ok, true);

for (const title of ['one', 'two', 'three']) await unwrap(roost.post('/tasks', { body: { title } }));
const titles = [];
for await (const { title } of roost.list('/tasks', { query: { limit: 2 } })) titles.push(title);
assert.deepEqual(titles, ['three', 'two', 'one']);

const refused = await roost.post('/tasks', { body: { title: '' } });
assert.equal(refused.ok, false);
assert.equal(refused.problem.code, 'validation_failed');

const events = roost.stream();
assert.equal((await events.next()).value.type, 'reset');
await unwrap(roost.post('/posts', { body: { text: 'from Deno' } }));
assert.equal((await events.next()).value.post.text, 'from Deno');
await events.return();

assert.equal((await roost.logout()).ok, true);
assert.equal((await roost.get('/tasks')).status, 401);
process.stdout.write('The client works in Deno.\n');
process.exit();
