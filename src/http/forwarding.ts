/** Forwarding headers, trusted only from known proxies: client address, protocol and path prefix. */
import { BlockList, isIPv6, type Socket } from 'node:net';

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';

import { addressOf } from '../common/address.js';

declare module 'fastify' {
  interface FastifyRequest {
    prefix: string;
  }
}

const WARN_EVERY_MS = 60_000;
const MOST_JUDGED = 10_000;
const SAYING_FOR_WHOM = ['x-forwarded-for', 'forwarded'];
/** RFC 3986 path segments without percent-encoding. `//` would name another host. */
const PREFIX = /^(?:\/[\w.~-]+)+$/;
const PREFIX_MAX_LENGTH = 200;

export interface Spoken {
  readonly headers: Readonly<Partial<Record<string, string | string[] | undefined>>>;
  readonly socket: Pick<Socket, 'remoteAddress'>;
}

export class Proxies {
  private readonly trusted = new BlockList();
  /** A check costs as much as routing the request. */
  private readonly judged = new LRUCache<string, boolean>({ max: MOST_JUDGED });

  constructor(private readonly networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', length = isIPv6(address) ? '128' : '32'] = network.split('/');
      this.trusted.addSubnet(address, Number(length), familyOf(address));
    }
  }

  trusts(written = ''): boolean {
    if (this.networks.length === 0) return false;
    const known = this.judged.get(written);
    if (known !== undefined) return known;
    const address = addressOf(written);
    const isTrusted = address !== null && this.trusted.check(address, familyOf(address));
    this.judged.set(written, isTrusted);
    return isTrusted;
  }

  clientOf({ headers, socket }: Spoken): string {
    return addressOf(this.chain({ headers, socket }).at(-1) ?? '') ?? socket.remoteAddress ?? '';
  }

  /** Whether the client used TLS. Proxies append to X-Forwarded-Proto or keep one entry.
   * The client's entry is as far from the end as its address in X-Forwarded-For. */
  isSecure({ headers, socket }: Spoken): boolean {
    if (!this.trusts(socket.remoteAddress)) return false;
    const said = entriesOf(headers['x-forwarded-proto']);
    const proxies = this.chain({ headers, socket }).length - 1;
    return (said.at(-Math.max(1, proxies)) ?? said[0])?.toLowerCase() === 'https';
  }

  private chain({ headers, socket }: Spoken): (string | undefined)[] {
    const chain = [socket.remoteAddress];
    for (const next of entriesOf(headers['x-forwarded-for']).reverse()) {
      if (!this.trusts(chain.at(-1))) break;
      chain.push(next);
    }
    return chain;
  }

  strippedPrefix({ headers, socket }: FastifyRequest): string | undefined {
    const said = headers['x-forwarded-prefix'];
    if (typeof said !== 'string' || said.length > PREFIX_MAX_LENGTH || !this.trusts(socket.remoteAddress)) return;
    const prefix = said.replace(/\/+$/, '');
    return prefix === '' || (PREFIX.test(prefix) && !/\/\.\.?(?:\/|$)/.test(prefix)) ? prefix : undefined;
  }
}

export function trackPrefix(fastify: FastifyInstance, proxies: Proxies, ownPrefix: string): void {
  fastify.decorateRequest('prefix', '');
  fastify.addHook('onRequest', (request, _reply, done) => {
    request.prefix = proxies.strippedPrefix(request) ?? ownPrefix;
    done();
  });
}

export function prefixOf(publicUrl: string | undefined): string {
  return publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
}

const OWN_PATHS =
  /^\/(?:api|health|metrics|docs|dev|confirm|reset|undo|forgot|email-login|problems|\.well-known)(?:\/|$)/;

/** For proxies that keep the prefix. A prefix like one of Roost's own paths must be stripped by the proxy. */
export function withoutPrefix(target: string, prefix: string): string {
  const passedOn = prefix !== '' && target.startsWith(`${prefix}/`) && !OWN_PATHS.test(prefix);
  return passedOn ? target.slice(prefix.length) : target;
}

/** Behind an unknown proxy, all clients share one address and one limit. Once a minute: the header can be forged. */
export function warnOfUntrustedProxies(fastify: FastifyInstance, proxies: Proxies, logger: Logger): void {
  let quietUntil = 0;
  fastify.addHook('onRequest', (request, _reply, done) => {
    const header = SAYING_FOR_WHOM.find((name) => request.headers[name] !== undefined);
    const { remoteAddress: peer } = request.socket;
    if (header !== undefined && peer !== undefined && performance.now() >= quietUntil && !proxies.trusts(peer)) {
      quietUntil = performance.now() + WARN_EVERY_MS;
      logger.warn(
        { event: 'proxy_not_trusted', peer, header },
        `${header} from ${peer} is ignored: if that is your proxy, name its network in TRUST_PROXY`,
      );
    }
    done();
  });
}

function entriesOf(header: string | string[] | undefined): string[] {
  const entries = String(header ?? '').split(',');
  return entries.map((entry) => entry.trim()).filter((entry) => entry !== '');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
