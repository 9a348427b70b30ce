export { RoostClient, type ClientOptions, type StreamEvent } from './client.js';
export { ProblemError, unwrap } from './problem.js';
export { type KeyValueStorage, memoryTokens, storedTokens, type Tokens, type TokenStore } from './tokens.js';
export type { Answer, Data, Input, Method, Operation, Options, Path, ProblemOf } from './types.js';
export type * from './schema.js';
