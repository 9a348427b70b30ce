/** Links in mails, from the configuration alone: an attacker chooses the Host header, and would receive the tokens. */
import type { AddressInfo } from 'node:net';

import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';

const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

@Injectable()
export class Links {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** The team's front end or Roost's own page. The token is in the fragment, which browsers do not send. */
  toPage(page: 'confirm' | 'reset' | 'undo' | 'email-login', token: string): string {
    return `${this.config.mail.appUrl ?? this.config.http.publicUrl ?? this.ownAddress()}/${page}#token=${token}`;
  }

  private ownAddress(): string {
    const server = this.adapterHost.httpAdapter.getHttpServer() as { address: () => AddressInfo };
    const { address, family, port } = server.address();
    const host = ANY_ADDRESS.has(address) ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address;
    return `http://${host}:${port}`;
  }
}
