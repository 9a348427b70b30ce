/** An authenticator app in a test's hand. */
import { codeOf, stepOf } from '../../src/auth/totp/codes.js';
import type { Answer } from './api.js';
import type { TestApp } from './app.js';
import { PASSWORD, type Person, type Tokens } from './people.js';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export class Authenticator {
  constructor(
    private readonly app: TestApp,
    private readonly secret: string,
  ) {}

  /** @param stepsAhead of the step of now */
  code(stepsAhead = 0): string {
    return codeOf(bytesOf(this.secret), stepOf(this.app.clock.epochSeconds()) + stepsAhead);
  }

  /** A code that was not used yet: the clock goes on by a step. */
  next(): string {
    this.app.clock.advance('30s');
    return this.code();
  }
}

function bytesOf(base32: string): Buffer {
  const bits = Array.from(base32, (letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

export interface Enrolled {
  readonly authenticator: Authenticator;
  readonly recoveryCodes: readonly string[];
}

export async function enrol(app: TestApp, { api }: Pick<Person, 'api'>): Promise<Enrolled> {
  const begun = await api.post('/auth/second-factors/totp');
  if (begun.status !== 201) throw new Error(`enrolment answered ${begun.status}: ${begun.text}`);
  const authenticator = new Authenticator(app, begun.body.secret);
  const confirmed = await api.post('/auth/second-factors/totp/confirm', { code: authenticator.code() });
  if (confirmed.status !== 200) throw new Error(`confirmation answered ${confirmed.status}: ${confirmed.text}`);
  return { authenticator, recoveryCodes: confirmed.body.recovery_codes };
}

export async function ticketOf(app: TestApp, { email }: Pick<Person, 'email'>, password = PASSWORD): Promise<string> {
  const answer = await app.api.post('/auth/login', { email, password });
  if (answer.body.mfa_required !== true) throw new Error(`login answered ${answer.status}: ${answer.text}`);
  return answer.body.mfa_ticket as string;
}

export function secondStep(app: TestApp, ticket: string, proof: object): Promise<Answer> {
  return app.api.post('/auth/login/second-factor', { mfa_ticket: ticket, ...proof });
}

export async function loginWith(app: TestApp, who: Pick<Person, 'email'>, proof: object): Promise<Tokens> {
  const answer = await secondStep(app, await ticketOf(app, who), proof);
  if (answer.status !== 200) throw new Error(`second step answered ${answer.status}: ${answer.text}`);
  return answer.body as Tokens;
}
