/** The routes of Roost as types, read from its OpenAPI document. */
import type { paths } from './schema.js';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Paths are written without `/api/v1`. */
type Short<P> = P extends `/api/v1${infer Rest}` ? Rest : never;

type Operations<M extends Method> = {
  [P in keyof paths as paths[P] extends Record<M, { responses: unknown }> ? Short<P> : never]: paths[P] extends Record<
    M,
    infer O
  >
    ? O
    : never;
};

/** The stream does not end: it is read by `stream()`. */
export type Path<M extends Method> = Exclude<keyof Operations<M> & string, '/timeline/stream'>;
export type Operation<M extends Method, P extends Path<M>> = Operations<M>[P];

type Success = 200 | 201 | 202 | 204;
type Responses<O> = O extends { responses: infer R } ? R : never;
type Body<R, T extends string> = R extends { content: Record<T, infer B> } ? B : undefined;

/** Of a successful answer; undefined without a body. */
export type Data<O> = Body<Responses<O>[keyof Responses<O> & Success], 'application/json'>;

/** The problems that the document names for an operation: a union, told apart by `code`. */
export type ProblemOf<O> = Exclude<
  Body<Responses<O>[Exclude<keyof Responses<O>, Success>], 'application/problem+json'>,
  undefined
>;

type Parameters<O> = O extends { parameters: infer P } ? P : never;
type InPath<O> = Parameters<O> extends { path: infer P } ? { path: P } : unknown;
type InQuery<O> =
  Parameters<O> extends { query: infer Q }
    ? { query: Q }
    : Parameters<O> extends { query?: infer Q }
      ? { query?: Q }
      : unknown;
type InBody<O> = O extends { requestBody: { content: { 'application/json': infer B } } }
  ? { body: B }
  : O extends { requestBody?: infer R }
    ? [NonNullable<R>] extends [never]
      ? unknown
      : NonNullable<R> extends { content: { 'application/json': infer B } }
        ? { body?: B }
        : unknown
    : unknown;

export interface Options {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Input<O> = InPath<O> & InQuery<O> & InBody<O> & Options;

/** The last argument may be left out where nothing is demanded. */
export type Arguments<O> = Options extends Input<O> ? [input?: Input<O>] : [input: Input<O>];

export type Answer<O> =
  | { readonly ok: true; readonly status: number; readonly data: Data<O>; readonly response: Response }
  | { readonly ok: false; readonly status: number; readonly problem: ProblemOf<O>; readonly response: Response };

export type Item<O> = Data<O> extends readonly (infer I)[] ? I : never;

/** Paths of lists in pages; a feed has no last one. */
export type ListPath = {
  [P in Path<'get'>]: Data<Operation<'get', P>> extends readonly unknown[] ? P : never;
}[Exclude<Path<'get'>, '/auth/revocations'>];
