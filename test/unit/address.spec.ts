import type { Socket } from 'node:net';

import { addressRange, addressOf, isLocalAddress, trackedNetworkOf } from '../../src/common/address.js';

describe('addressRange', () => {
  it.each([
    ['10.0.0.0/8', 8],
    ['127.0.0.1', 32],
    ['0.0.0.0/0', 0],
    ['::1/128', 128],
    ['2001:db8::/32', 32],
    ['::1', 128],
  ])('reads %s', (text, prefixLength) => {
    expect(addressRange(text)).toEqual({ prefixLength });
  });

  it.each([
    '',
    'true',
    '1',
    '10',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '0x7f.1',
    'localhost',
    'loopback',
    '*',
    '/8',
    '10.0.0.0/8x',
  ])('refuses %j', (text) => {
    expect(addressRange(text)).toBeUndefined();
  });
});

describe('isLocalAddress', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.255',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.1.1',
    '::1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    '::ffff:10.0.0.1',
    '::ffff:127.0.0.1',
  ])('knows %s', (address) => {
    expect(isLocalAddress(address)).toBe(true);
  });

  it.each([
    '8.8.8.8',
    '172.32.0.1',
    '192.169.0.1',
    '11.0.0.1',
    '0.0.0.0',
    '100.64.0.1',
    '2001:db8::1',
    '::ffff:8.8.8.8',
    '64:ff9b::a00:1',
    '',
    'localhost',
    'unknown',
  ])('does not take %j for local', (address) => {
    expect(isLocalAddress(address)).toBe(false);
  });
});

describe('the address of a client', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:5000', '192.0.2.1'],
    ['[2001:db8::1]:5000', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('of %s is %s', (text, address) => {
    expect(addressOf(text)).toBe(address);
  });

  it.each(['', 'unknown', '192.0.2.1:', '192.0.2.1:123456', '[192.0.2.1', '_hidden', '192.0.2.256'])(
    'is none for %j',
    (text) => {
      expect(addressOf(text)).toBeNull();
    },
  );

  it.each([
    ['192.0.2.1:5000', '192.0.2.1'],
    ['unknown', '10.0.0.1'],
    ['_hidden', '10.0.0.1'],
  ])('as limits count it is one for %s, whatever its port', (ip, network) => {
    const socket = { remoteAddress: '10.0.0.1' } as Socket;
    expect(trackedNetworkOf({ ip, socket })).toBe(network);
  });
});
