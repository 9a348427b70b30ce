/** Tickets of logins that wait for a second factor: good for that alone, and for the account as the password found it. */
import { timingSafeEqual } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import { Clock } from '../../common/clock.js';
import { deriveKey, fingerprint } from '../../common/crypto.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import type { User } from '../../users/user.js';

export const TICKET_SECONDS = 300;

const FORMAT = /^(?<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\.(?<expires>\d{1,12})\.(?<mac>[\w-]{43})$/;

export interface PresentedTicket {
  readonly userId: string;
  readonly expires: string;
  readonly mac: Buffer;
}

@Injectable()
export class LoginTickets {
  private readonly keys: readonly [Buffer, ...Buffer[]];

  constructor(
    @Inject(CONFIG) { tokens: { secret, previousSecret } }: Config,
    private readonly clock: Clock,
  ) {
    const current = deriveKey(secret, 'login ticket');
    this.keys = previousSecret === undefined ? [current] : [current, deriveKey(previousSecret, 'login ticket')];
  }

  issue(user: User): string {
    const expires = String(this.clock.epochSeconds() + TICKET_SECONDS);
    return `${user.id}.${expires}.${macOf(this.keys[0], user, expires).toString('base64url')}`;
  }

  read(ticket: string): PresentedTicket | undefined {
    const { id, expires, mac } = FORMAT.exec(ticket)?.groups ?? {};
    if (id === undefined || expires === undefined || mac === undefined) return undefined;
    if (Number(expires) <= this.clock.epochSeconds()) return undefined;
    return { userId: id, expires, mac: Buffer.from(mac, 'base64url') };
  }

  isFor({ expires, mac }: PresentedTicket, user: User): boolean {
    return this.keys.some((key) => timingSafeEqual(macOf(key, user, expires), mac));
  }
}

function macOf(key: Buffer, user: User, expires: string): Buffer {
  const { id, hashedPassword, tokenEpoch, secondFactors } = user;
  return fingerprint(key, id, expires, hashedPassword, String(tokenEpoch), secondFactors.join());
}
