import { readdirSync } from 'node:fs';

export function migrationNames(): string[] {
  return readdirSync(new URL('../migrations', import.meta.url))
    .flatMap((file) => /^(\d{13}-[^.]+)\.js$/.exec(file)?.[1] ?? [])
    .sort();
}
