/** What was acknowledged, on disk before it counts, and what the database has of it. */
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ownFolder } from './children.mjs';

/** How each kind of write is found again. */
const FOUND = {
  task: `SELECT title AS name, count(*)::int AS times FROM tasks GROUP BY title`,
  complete: `SELECT title AS name, 1 AS times FROM tasks WHERE completed GROUP BY title`,
  post: `SELECT text AS name, count(*)::int AS times FROM posts WHERE deleted_at IS NULL GROUP BY text`,
  register: `SELECT username AS name, 1 AS times FROM users`,
  follow: `SELECT a.username || ' ' || b.username AS name, 1 AS times FROM follows f
             JOIN users a ON a.id = f.follower_id JOIN users b ON b.id = f.followee_id`,
};

const HALVES = `
  SELECT 'posts_count' AS what, count(*)::int AS people FROM user_stats s
   WHERE posts_count <> (SELECT count(*) FROM posts p WHERE p.author_id = s.user_id AND deleted_at IS NULL)
  UNION ALL SELECT 'followers_count', count(*)::int FROM user_stats s
   WHERE followers_count <> (SELECT count(*) FROM follows f WHERE f.followee_id = s.user_id)
  UNION ALL SELECT 'user_stats', count(*)::int FROM users u WHERE NOT EXISTS (SELECT FROM user_stats WHERE user_id = u.id)`;

export class Ledger {
  entries = [];
  #file;

  static async open() {
    const ledger = new Ledger();
    ledger.#file = await openFile(join(ownFolder('ledger'), `${process.hrtime.bigint()}.jsonl`), 'a');
    return ledger;
  }

  /** Of a write that is about to be sent. */
  begin(kind, name, { keyed = false } = {}) {
    const entry = { kind, name, keyed, acknowledged: false, isUnknown: false };
    this.entries.push(entry);
    return entry;
  }

  /** Resolves when the acknowledgement is on disk. */
  async acknowledge(entry) {
    await this.#file.appendFile(`${JSON.stringify([entry.kind, entry.name])}\n`);
    await this.#file.datasync();
    entry.acknowledged = true;
  }

  get acknowledged() {
    return this.entries.filter((entry) => entry.acknowledged);
  }

  /** @param ask of the server that has the rows now */
  async compare(ask) {
    const times = new Map();
    for (const [kind, text] of Object.entries(FOUND))
      for (const row of await ask(text)) times.set(`${kind} ${row.name}`, row.times);
    const known = this.entries.filter(({ kind }) => kind in FOUND);
    const found = ({ kind, name }) => times.get(`${kind} ${name}`) ?? 0;
    // A follow may be tried again, after it was acknowledged.
    const settled = new Set(this.acknowledged.map(({ kind, name }) => `${kind} ${name}`));
    const open = known.filter(({ kind, name }) => !settled.has(`${kind} ${name}`));
    const halves = (await ask(HALVES)).filter(({ people }) => people > 0);
    return {
      lost: known.filter((entry) => entry.acknowledged && found(entry) === 0),
      doubled: known.filter((entry) => found(entry) > 1),
      unknown: open.filter(({ isUnknown }) => isUnknown),
      happened: open.filter((entry) => found(entry) > 0),
      halves: halves.map(({ what, people }) => `${what} of ${people}`),
    };
  }

  async close() {
    await this.#file.close();
  }
}
