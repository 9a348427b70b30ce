import { Body, Controller, Delete, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { StepUp } from '../../common/access.js';
import { Answers } from '../../http/openapi/answers.js';
import { StrictlyLimited } from '../../limits/policies.js';
import { DeleteAccountRequest, DeletionResponse, presentDeletion } from './deletion.dto.js';
import { OwnDeletion } from './own-deletion.js';
import { type Actor, From } from '../../common/actor.js';

@ApiTags('Users')
@Controller('users/me')
export class DeletionController {
  constructor(private readonly deletion: OwnDeletion) {}

  /**
   * Deletes the caller's account: ends all of its sessions at once, and erases everything in it after ACCOUNT_DELETE_DELAY.
   *
   * @remarks
   * A login before that cancels the deletion. The last admin's account cannot be deleted.
   */
  @Delete()
  @StepUp({ passwordInBody: true })
  @HttpCode(202)
  @StrictlyLimited('authentication')
  @Answers({ status: 202, type: DeletionResponse, errors: ['wrong_password', 'account_disabled', 'last_admin'] })
  async deleteOwnAccount(@From() actor: Actor, @Body() body: DeleteAccountRequest): Promise<DeletionResponse> {
    return presentDeletion(await this.deletion.request(actor, body.current_password));
  }

  /** The same as `DELETE /users/me`, for clients behind a proxy that drops the body of a DELETE. */
  @Post('delete')
  @StepUp({ passwordInBody: true })
  @HttpCode(202)
  @StrictlyLimited('authentication')
  @Answers({ status: 202, type: DeletionResponse, errors: ['wrong_password', 'account_disabled', 'last_admin'] })
  async deleteOwnAccountByPost(@From() actor: Actor, @Body() body: DeleteAccountRequest): Promise<DeletionResponse> {
    return this.deleteOwnAccount(actor, body);
  }
}
