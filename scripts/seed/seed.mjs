/** Fills a development database, in one transaction: wholly or not at all. */
import { Interrupted } from '../command.mjs';
import { CAST, DOMAIN, makePeople } from './people.mjs';
import {
  analyze,
  auditDeletions,
  countAll,
  insertEdges,
  insertPeople,
  insertPosts,
  insertTasks,
  isSeeded,
  lockSeeding,
} from './seed.query.mjs';
import { makeBlocks, makeFollows, makeMutes, makePosts, makeTasks } from './world.mjs';

const BATCH = 2_000;

/**
 * Adds people beside those who are there, and touches nobody else.
 * @param client a connection that nobody else uses; after an error, ending it undoes everything
 * @param options.onProgress after each batch, with what is written and how much of it
 * @param options.signal ends it, also while it waits for another transaction; without effect from the commit on
 * @throws Interrupted after which the client must be ended
 * @returns {Promise<Record<string, number> | undefined>} how many rows were added; undefined when it is seeded already
 */
export async function seed(client, options) {
  const counts = await Promise.race([fillOnce(client, options), interruption(options.signal)]);
  await client.query('COMMIT');
  if (counts !== undefined) await analyze(client, Object.keys(counts));
  return counts;
}

function interruption(signal) {
  return new Promise((_, reject) => {
    const interrupt = () => reject(new Interrupted());
    if (signal.aborted) interrupt();
    else signal.addEventListener('abort', interrupt, { once: true });
  });
}

async function fillOnce(client, options) {
  await client.query('BEGIN');
  const now = await lockSeeding(client);
  return (await isSeeded(client, DOMAIN)) ? undefined : fill(client, now, options);
}

async function fill(client, now, { people: count, hashedPassword, onProgress }) {
  const people = makePeople(count, now);
  const counts = {};
  const insert = async (what, rows, write) => {
    counts[what] = 0;
    for (const batch of batches(rows)) {
      await write(batch);
      counts[what] += batch.length;
      onProgress(what, counts[what]);
    }
  };
  const ids = new Map();
  await insert('people', people, async (batch) => {
    for (const [email, id] of await insertEverybody(client, batch, hashedPassword)) ids.set(email, id);
  });
  const idOf = (place) => (place === null ? null : ids.get(people[place].email));
  const world = { client, people, now, ids, idOf, insert };
  await fillTimeline(world);
  await fillTasks(world);
  return counts;
}

async function fillTimeline({ client, people, now, ids, idOf, insert }) {
  const edge = ({ from, to, createdAt }) => ({ from: idOf(from), to: idOf(to), createdAt });
  for (const [table, rows] of [
    ['follows', makeFollows(people, now)],
    ['mutes', makeMutes(people, now)],
    ['blocks', makeBlocks(people)],
  ])
    await insert(table, rows, (batch) => insertEdges(client, table, batch.map(edge)));
  const moderator = Object.keys(CAST).indexOf('moderator');
  await insert('posts', makePosts(people, { now, moderator }), (batch) =>
    insertPosts(
      client,
      batch.map((post) => ({ ...post, author: idOf(post.author), deletedBy: idOf(post.deletedBy) })),
    ),
  );
  await auditDeletions(client, idOf(moderator));
  await countAll(client, [...ids.values()]);
}

async function fillTasks({ client, people, now, idOf, insert }) {
  await insert('tasks', makeTasks(people, now), (batch) =>
    insertTasks(
      client,
      batch.map((task) => ({ ...task, owner: idOf(task.owner) })),
    ),
  );
}

/** Where a username belongs to somebody else, with a number after it. @returns ids by e-mail */
async function insertEverybody(client, people, hashedPassword) {
  const ids = new Map();
  let left = people;
  for (let n = 2; left.length > 0; n += 1) {
    for (const [email, id] of await insertPeople(client, left, hashedPassword)) ids.set(email, id);
    left = people
      .filter(({ email }) => !ids.has(email))
      .map((person) => ({ ...person, username: `${person.username}_${n}` }));
  }
  return ids;
}

function* batches(rows) {
  let batch = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
