/** The deletion of one's own account on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { isoTimestamp } from '../../common/timestamps.js';
import { GivenPassword } from '../hashing/fields.js';

export class DeleteAccountRequest {
  @GivenPassword()
  current_password: string;
}

export class DeletionResponse {
  message: string;
  /** When it becomes final: the account and everything in it are erased from then on. */
  @ApiProperty({ format: 'date-time' })
  deletes_at: string;
}

export function presentDeletion(deletesAt: Date): DeletionResponse {
  return { message: 'The account is going to be deleted', deletes_at: isoTimestamp(deletesAt) };
}
