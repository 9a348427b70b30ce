/** What an application asks of its database, while a test watches. */
import pg from 'pg';

export interface Watched<T> {
  readonly result: T;
  /** Statements in their order; what the instance asks by itself now and then, and says to a new connection, is left out. */
  readonly statements: string[];
}

const BACKGROUND =
  /FROM \(VALUES \(1\)\) one\s+LEFT JOIN revocations|^NOTIFY (?:echo_|posts$)|^SELECT 1$|^SET (?:statement_timeout|timezone)|^SELECT pg_backend_pid|^LISTEN |\bmails\b|\bdelete_after <=/;

/** Counts in the whole process: run one application at a time. */
export async function watchQueries<T>(work: () => Promise<T>): Promise<Watched<T>> {
  const queries = jest.spyOn(pg.Client.prototype, 'query');
  try {
    const result = await work();
    const texts = queries.mock.calls.map(([query]) => textOf(query));
    return { result, statements: texts.filter((text) => !BACKGROUND.test(text)) };
  } finally {
    queries.mockRestore();
  }
}

/** @param query as pg takes it */
export function textOf(query: unknown): string {
  return typeof query === 'string' ? query : (query as { text: string }).text;
}
