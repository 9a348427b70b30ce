/** Changes of passwords on the wire. */
import { Flag, OptionalNotNull } from '../../http/input/validation.js';
import { GivenEmail } from '../../users/fields.js';
import { GivenPassword, GivenToken, NewPassword } from '../hashing/fields.js';

export class ChangePasswordRequest {
  /** A wrong, short or over-long one is 403. */
  @GivenPassword()
  current_password: string;

  /** Another than the current one, under the rules of registration. */
  @NewPassword()
  new_password: string;
}

export class ForgotPasswordRequest {
  /** The link is mailed to it if an account has it. */
  @GivenEmail()
  email: string;
}

/** Of an account whose address was confirmed by nobody yet, the person who resets it says whether it was theirs. */
export class ResetPasswordRequest {
  /**
   * From the mail; good once, for 30 minutes (7 days when it is an invitation), and until there is a newer one. The last
   * one that an address gets for now is good until it may get another.
   */
  @GivenToken()
  token: string;

  /** Under the rules of registration. */
  @NewPassword()
  new_password: string;

  /**
   * True where somebody else made the account: it is erased with everything in it, and the address gets a new, empty one.
   * Only for an account that never confirmed its address.
   */
  @OptionalNotNull()
  @Flag()
  start_afresh?: boolean;
}
