/** Connection URLs as people write them: finds the character that breaks one, and its encoding. */
import { accessSync, constants } from 'node:fs';

import { readHosts } from './host-list.js';

const PARTS = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<authority>[^/?#]*)(?<path>[^?#]*)(?<rest>.*)$/is;
const POSTGRES = /^postgres(?:ql)?$/i;
const PARAMETERS = /^\?[A-Za-z][\w.-]*=[^&]*(?:&[A-Za-z][\w.-]*=[^&]*)*$/;

/** Never quotes a part of the URL, which may hold a password. */
export function connectionUrlFault(value: string, protocols: readonly string[]): string | undefined {
  const { scheme = '', authority = '', path = '', rest = '' } = PARTS.exec(value)?.groups ?? {};
  if (!protocols.includes(`${scheme.toLowerCase()}:`))
    return `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`;
  const raw = rawCharacter({ authority, path, rest });
  if (raw !== undefined)
    return `has a raw ${raw} in it: in a user or password write it as ${percentEncoded(raw)}, or set the password in a variable of its own`;
  if (/\s/.test(value)) return 'has white space in it: write a space as %20';
  const list = POSTGRES.test(scheme) ? readHosts(value) : undefined;
  if (typeof list === 'string') return list;
  if (!list && authority.slice(authority.lastIndexOf('@') + 1).includes(',')) return 'names several hosts: name one';
  const urls = list ? list.hosts.map(({ url }) => url) : [withHost(value)];
  if (!urls.every((url) => URL.canParse(url))) return 'has no host, or a port that is no number';
  return unreadableFile(rest);
}

/** The first of its hosts, where it has several. */
export function parseConnectionUrl(value: string): URL {
  const list = value.startsWith('postgres') ? readHosts(value) : undefined;
  return new URL(typeof list === 'object' ? list.hosts[0].url : withHost(value));
}

export function withPassword(value: string, password: string): string | undefined {
  const { username, password: present } = parseConnectionUrl(value);
  if (username === '' || present !== '') return undefined;
  return value.replace(/^([^:]+:\/\/[^@:]*):?@/, (_, user: string) => `${user}:${encodeURIComponent(password)}@`);
}

/** The @ of a password must be encoded: the text before the first of / ? and # ends at its last @. */
function rawCharacter({
  authority,
  path,
  rest,
}: {
  authority: string;
  path: string;
  rest: string;
}): string | undefined {
  if (rest.includes('#')) return '#';
  if (path.includes('@')) return '/';
  if (rest.includes('@') && !(PARAMETERS.test(rest) && (authority.includes('@') || path.length > 1))) return '?';
  return /%(?![0-9a-f]{2})/i.test(authority + path + rest) || !isDecodable(authority) ? '%' : undefined;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function withHost(value: string): string {
  return value.replace(/^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)(?=[/?]|$)/i, '$1localhost');
}

function unreadableFile(query: string): string | undefined {
  for (const [name, path] of new URLSearchParams(query)) {
    if (!['sslrootcert', 'sslcert', 'sslkey'].includes(name) || path === 'system') continue;
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      return `names a file in ${name} that cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`;
    }
  }
  return undefined;
}
