/** The export of one's own account on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { EXPORTED } from '../common/personal-data.js';
import { AccountResponse } from '../users/users.dto.js';
import { ApiTime } from '../http/openapi/fields.js';

/** Everything of a person. */
export class ExportResponse {
  @ApiTime()
  exported_at: string;
  profile: AccountResponse;
}

/** Others come after these. */
const ORDER = ['sessions', 'tasks', 'posts', 'following', 'followers', 'mutes', 'blocks', 'audit'];

export function inOrder<T extends { readonly name: string }>(lists: readonly T[]): T[] {
  const placeOf = ({ name }: T): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return lists.toSorted((one, other) => placeOf(one) - placeOf(other));
}

/** Called when all nouns have been imported. */
export function documentLists(): void {
  for (const { name, type, description } of inOrder(EXPORTED))
    ApiProperty({ ...(description !== undefined && { description }), type: [type] })(ExportResponse.prototype, name);
}
