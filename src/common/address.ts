import { isIP, isIPv4 } from 'node:net';

import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';

export function addressRange(text: string): { prefixLength: number } | undefined {
  const [address, length, more] = text.split('/');
  const family = more === undefined ? isIP(address ?? '') : 0;
  if (family === 0) return undefined;
  const full = family === 4 ? 32 : 128;
  if (length === undefined) return { prefixLength: full };
  const prefixLength = /^\d{1,3}$/.test(length) ? Number(length) : NaN;
  return prefixLength <= full ? { prefixLength } : undefined;
}

const LOCAL_RANGES = new Set(['loopback', 'private', 'uniqueLocal', 'linkLocal']);

export function isLocalAddress(address: string): boolean {
  return ipaddr.isValid(address) && LOCAL_RANGES.has(ipaddr.process(address).range());
}

export function isLoopbackAddress(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) !== 0 && ipaddr.process(address).range() === 'loopback';
}

const FORWARDING_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'];

/** Behind an untrusted proxy, every client would look local. */
export function isLocalRequest({ headers, ip, socket }: FastifyRequest): boolean {
  const forwarded = FORWARDING_HEADERS.some((name) => headers[name] !== undefined);
  return isLocalAddress(addressOf(ip) ?? '') && !(forwarded && ip === socket.remoteAddress);
}

/** Proxies may add the client's port: `192.0.2.1:5000`, `[2001:db8::1]:5000`. PostgreSQL knows no IPv6 zones. */
export function addressOf(ip: string | undefined): string | null {
  if (ip !== undefined && isIPv4(ip)) return ip;
  const written = (ip ?? '').trim().replace(/^"(.*)"$/, '$1');
  const [, bracketed, plain] = /^\[([^\]]+)\](?::\d{1,5})?$|^([\d.]+):\d{1,5}$/.exec(written) ?? [];
  const address = (bracketed ?? plain ?? written).replace(/%.*$/, '');
  return isIP(address) === 0 ? null : address;
}

export function trackedNetworkOf({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  return networkOf(addressOf(ip) ?? socket.remoteAddress ?? '');
}

/** One person can easily change addresses within an IPv6 /64, so it counts as one. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4' || parsed.range() === 'loopback') return parsed.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/64`).toString()}/64`;
}
