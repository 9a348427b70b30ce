/** Step-up on the wire. */
import { OptionalNotNull } from '../../http/input/validation.js';
import { ApiTime } from '../../http/openapi/fields.js';
import { GivenPassword } from '../hashing/fields.js';
import { SecondFactorProof } from '../second-factors/second-factors.dto.js';

/** Exactly one of the fields. */
export class StepUpRequest extends SecondFactorProof {
  /** The current one; enough for an account without a second factor. A wrong one is 403. */
  @OptionalNotNull()
  @GivenPassword()
  password?: string;
}

export class StepUpResponse {
  @ApiTime()
  proved_at: string;
  /** Until then, routes that ask for a fresh proof let this session in. */
  @ApiTime()
  expires_at: string;
}
