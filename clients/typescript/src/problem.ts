/** Problem documents (RFC 9457) as errors. */
import type { Problem } from './schema.js';

export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(readonly problem: Problem) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`);
  }
}

type Outcome<D> = { readonly ok: true; readonly data: D } | { readonly ok: false; readonly problem: unknown };

/** The data of a successful answer. @throws ProblemError */
export async function unwrap<D>(answer: Outcome<D> | Promise<Outcome<D>>): Promise<D> {
  const given = await answer;
  if (given.ok) return given.data;
  throw new ProblemError(given.problem as Problem);
}

/** @throws Error when something in front of Roost answered */
export function problemOf({ status, headers, url }: Response, text: string): Problem {
  if (headers.get('content-type')?.startsWith('application/problem+json') === true) return JSON.parse(text) as Problem;
  throw new Error(`${url} answered ${status} without a problem document: this was not Roost, but something before it`);
}
