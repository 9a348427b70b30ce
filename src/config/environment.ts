/** Reads single variables and collects every fault, by name and never by value. */
import { readFileSync } from 'node:fs';

import { addressRange } from '../common/address.js';
import { connectionUrlFault } from './connection-url.js';
import { nearestName } from './misspelt.js';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
  }
}

export class Environment {
  readonly faults: string[] = [];
  private readonly known = new Set<string>();

  constructor(private readonly variables: Readonly<Record<string, string | undefined>>) {}

  fault(name: string, message: string): void {
    this.faults.push(`${name} ${message}`);
  }

  text(name: string): string | undefined {
    this.known.add(name);
    const value = this.variables[name]?.trim();
    return value === '' ? undefined : value;
  }

  misspelt(): { readonly name: string; readonly meant: string }[] {
    return Object.keys(this.variables).flatMap((name) => {
      const meant = this.known.has(name) ? undefined : nearestName(name, this.known);
      return meant === undefined || this.text(meant) !== undefined ? [] : [{ name, meant }];
    });
  }

  has(name: string): boolean {
    return this.text(name) !== undefined || this.text(`${name}_FILE`) !== undefined;
  }

  secret(name: string): string | undefined {
    const file = this.text(`${name}_FILE`);
    const direct = this.text(name);
    if (file === undefined) return direct;
    if (direct !== undefined) {
      this.fault(name, `and ${name}_FILE are both set: keep one`);
      return;
    }
    try {
      const content = readFileSync(file, 'utf8').trim();
      if (content !== '') return content;
      this.fault(`${name}_FILE`, 'points to an empty file');
    } catch {
      this.fault(`${name}_FILE`, 'points to a file that cannot be read');
    }
    return undefined;
  }

  oneOf<const T extends string>(name: string, choices: readonly [T, ...T[]]): T {
    const value = this.text(name) ?? choices[0];
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) this.fault(name, `must be one of ${choices.join(', ')}`);
    return choice ?? choices[0];
  }

  integer(name: string, fallback: number, range: { min: number; max: number }): number {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const number = /^\d{1,9}$/.test(value) ? Number(value) : NaN;
    if (number >= range.min && number <= range.max) return number;
    this.fault(name, `must be a whole number from ${range.min} to ${range.max}`);
    return fallback;
  }

  duration(name: string, fallback: string, range: { min: string; max: string }): number {
    const [value, min, max] = [this.text(name) ?? fallback, range.min, range.max].map(milliseconds) as [
      number,
      number,
      number,
    ];
    if (value >= min && value <= max) return value;
    this.fault(name, `must be a duration from ${range.min} to ${range.max}, written like 15m, 24h or 30d`);
    return milliseconds(fallback);
  }

  url(name: string, protocols: readonly string[]): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value;
    this.fault(name, `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`);
    return undefined;
  }

  secretUrl(name: string, protocols: readonly string[]): string | undefined {
    const value = this.secret(name);
    const fault = value === undefined ? undefined : connectionUrlFault(value, protocols);
    if (fault === undefined) return value;
    this.fault(name, fault);
    return undefined;
  }

  secretUrls(name: string, protocols: readonly string[]): string[] {
    return entriesOf(this.secret(name)).filter((url) => {
      const fault = connectionUrlFault(url, protocols);
      if (fault !== undefined) this.fault(name, fault);
      return fault === undefined;
    });
  }

  list(name: string): string[] {
    return entriesOf(this.text(name));
  }

  networks(name: string): string[] {
    const entries = this.list(name);
    if (entries.some((entry) => (addressRange(entry)?.prefixLength ?? 0) < 1)) {
      this.fault(
        name,
        "must list the proxies' networks, like 10.0.0.0/8,::1/128 (true, a hop count and /0 would let any client choose its address)",
      );
      return [];
    }
    return entries;
  }

  origins(name: string, other?: RegExp): string[] {
    const entries = this.list(name);
    if (entries.every((entry) => isOrigin(entry) || other?.test(entry) === true)) return entries;
    this.fault(
      name,
      'must list exact origins as browsers send them, like https://app.example.org or capacitor://localhost (lower case, no path, no trailing slash, no *)',
    );
    return [];
  }

  hosts(name: string): string[] {
    const entries = this.list(name);
    const hosts = entries.map((entry) => (URL.canParse(`http://${entry}`) ? new URL(`http://${entry}`) : undefined));
    const bare = hosts.every((url, index) => url !== undefined && isBareHost(url, entries[index] ?? ''));
    if (!bare) {
      this.fault(name, 'must list host names without a port, like api.example.org,[fd00::7], or be *');
      return [];
    }
    return hosts.map((url) => url?.hostname ?? '');
  }
}

function entriesOf(value = ''): string[] {
  return value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** Apps in a web view have their own schemes, whose origin the URL parser does not know. */
function isOrigin(entry: string): boolean {
  if (!URL.canParse(entry)) return false;
  const { protocol, host, origin } = new URL(entry);
  return protocol !== 'file:' && host !== '' && entry === (origin === 'null' ? `${protocol}//${host}` : origin);
}

function isBareHost({ pathname, username, search, hash }: URL, entry: string): boolean {
  const hasMore = pathname !== '/' || username !== '' || search !== '' || hash !== '' || /:\d*$/.test(entry);
  return !hasMore && (entry === '*' || !entry.includes('*'));
}

function milliseconds(text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  return match ? Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS] : NaN;
}
