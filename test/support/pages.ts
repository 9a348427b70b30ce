/** Lists in keyset pages, walked as a client does: by their Link headers. */
import type { Api } from './api.js';

interface Listed {
  readonly id: string;
}

/** @param between what happens after each page @returns the bodies, page by page */
export async function walk<T extends Listed>(
  api: Api,
  path: string,
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<T[][]> {
  const pages: T[][] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const answer = await api.get(next);
    if (answer.status !== 200) throw new Error(`${next} answered ${answer.status}: ${answer.text}`);
    pages.push(answer.body as T[]);
    await between();
    next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  return pages;
}
