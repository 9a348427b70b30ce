/** The typed client as tests use it: every answer is held against openapi.json, and no limit is waited for. */
import { memoryTokens, RoostClient, type Tokens } from 'roost-client';

import { documentedFetch } from './api.js';

/** Of a session, which it refreshes. */
export function clientOf({ url }: { readonly url: string }, tokens?: Tokens): RoostClient {
  return new RoostClient({ url, tokens: memoryTokens(tokens), maxWait: 0, fetch: documentedFetch });
}

/** Of one access token, which it does not refresh: a test sees that it ended. */
export function bearerOf({ url }: { readonly url: string }, token: string): RoostClient {
  return new RoostClient({ url, token, maxWait: 0, fetch: documentedFetch });
}

/** Of `list()` the items, of `pages()` the pages. @param between what happens after each */
export async function collect<T>(
  given: AsyncIterable<T>,
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<T[]> {
  const collected: T[] = [];
  for await (const each of given) {
    collected.push(each);
    await between();
  }
  return collected;
}
