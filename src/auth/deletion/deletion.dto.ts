/** The deletion of one's own account on the wire. */

import { isoTimestamp } from '../../common/timestamps.js';
import { GivenPassword } from '../hashing/fields.js';
import { ApiText, ApiTime } from '../../http/openapi/fields.js';

export class DeleteAccountRequest {
  @GivenPassword()
  current_password: string;
}

export class DeletionResponse {
  @ApiText(100)
  message: string;
  /** When it becomes final: the account and everything in it are erased from then on. */
  @ApiTime()
  deletes_at: string;
}

export function presentDeletion(deletesAt: Date): DeletionResponse {
  return { message: 'The account is going to be deleted', deletes_at: isoTimestamp(deletesAt) };
}
