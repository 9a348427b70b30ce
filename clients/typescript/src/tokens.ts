/** Where a client keeps its tokens. */
import type { TokensResponse } from './schema.js';

/** Without a refresh token in cookie mode. */
export type Tokens = Pick<TokensResponse, 'access_token'> & { readonly refresh_token?: string | undefined };

/** A store of one's own may be asynchronous. `set(undefined)` is called when the session has ended. */
export interface TokenStore {
  get(): Tokens | undefined | Promise<Tokens | undefined>;
  set(tokens: Tokens | undefined): void | Promise<void>;
}

/** Until the process or the page ends. */
export function memoryTokens(tokens?: Tokens): TokenStore {
  let kept = tokens;
  return {
    get: () => kept,
    set: (next) => {
      kept = next;
    },
  };
}

export interface KeyValueStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** In `localStorage`, which all tabs share, or `sessionStorage`. Scripts of the page can read it. */
export function storedTokens(storage: KeyValueStorage, key = 'roost'): TokenStore {
  return {
    get: () => {
      try {
        return (JSON.parse(storage.getItem(key) ?? 'null') as Tokens | null) ?? undefined;
      } catch {
        // Another program's text: there are no tokens.
        return undefined;
      }
    },
    set: (tokens) => {
      if (tokens === undefined) storage.removeItem(key);
      else
        storage.setItem(
          key,
          JSON.stringify({ access_token: tokens.access_token, refresh_token: tokens.refresh_token }),
        );
    },
  };
}
