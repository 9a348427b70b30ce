// @ts-check
/** Processor time of a server and of its database: the two are told apart by the name of the database. */
import { ownTimeMs, processorTimeMs } from './processes.mjs';

const EVERY_MS = 250;

/**
 * @param {number} pid of the server; its children count, too
 * @param {{ admin: import('pg').Pool, database: string }} postgres `admin`: of another database
 */
export async function startMeter(pid, { admin, database }) {
  const backends = new Backends(admin, database);
  await backends.read(true);
  const from = processorTimeMs(pid);
  // A backend that ends meanwhile counts up to the last time that it was seen.
  const timer = setInterval(() => void backends.read(false).catch(() => undefined), EVERY_MS);
  return {
    async stop() {
      const server = processorTimeMs(pid) - from;
      clearInterval(timer);
      await backends.read(false);
      return { server, postgres: backends.used() };
    },
  };
}

class Backends {
  /** @type {Map<number, { from: number, to: number }>} */
  #times = new Map();
  #admin;
  #database;

  /**
   * @param {import('pg').Pool} admin
   * @param {string} database
   */
  constructor(admin, database) {
    this.#admin = admin;
    this.#database = database;
  }

  /** @param {boolean} isFirst what backends have used before is not counted; later ones start with nothing */
  async read(isFirst) {
    const { rows } = await this.#admin.query('SELECT pid FROM pg_stat_activity WHERE datname = $1', [this.#database]);
    for (const { pid } of rows) {
      const to = timeOf(pid);
      if (to !== undefined) this.#times.set(pid, { from: this.#times.get(pid)?.from ?? (isFirst ? to : 0), to });
    }
  }

  used() {
    return [...this.#times.values()].reduce((sum, { from, to }) => sum + to - from, 0);
  }
}

/** @param {number} pid */
function timeOf(pid) {
  try {
    return ownTimeMs(pid);
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(/** @type {NodeJS.ErrnoException} */ (error).code ?? '')) return undefined;
    throw error;
  }
}
