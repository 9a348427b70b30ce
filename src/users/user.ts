import type { Role } from '../common/access.js';

export type AccountStatus = 'active' | 'disabled';

export type DeletionKind = 'own' | 'staff' | 'erasing';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly username: string;
  readonly displayName: string | null;
  readonly bio: string | null;
  readonly hashedPassword: string;
  readonly role: Role;
  readonly status: AccountStatus;
  readonly disabledUntil: Date | null;
  readonly disabledReason: string | null;
  readonly deletion: DeletionKind | null;
  readonly deleteAfter: Date | null;
  readonly emailConfirmedAt: Date | null;
  /** The second factors that a login needs one of, such as `totp`. */
  readonly secondFactors: readonly string[];
  /** Rises with every change that invalidates the account's access tokens. */
  readonly tokenEpoch: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}
