/** Settings that a role or a database may have otherwise, and that Roost relies on. */
export type Scope = 'SET' | 'SET LOCAL';

export function formats(scope: Scope): string {
  return `${scope} timezone = 'UTC'; ${scope} datestyle = 'ISO'; ${scope} standard_conforming_strings = on`;
}

export function unlimited(scope: Scope): string {
  return `SELECT set_config(name, '0', ${scope === 'SET LOCAL'}) FROM pg_settings
           WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`;
}
