import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';

import { CurrentUser, type Principal, StepUp } from '../../common/access.js';
import { type Actor, From } from '../../common/actor.js';
import { UuidPipe } from '../../http/input/id.pipe.js';
import { Idempotent, type IdempotentRequest } from '../../idempotency/idempotent-request.js';
import { Answers } from '../../http/openapi/answers.js';
import { StrictlyLimited } from '../../limits/policies.js';
import {
  CreatedPasskeyResponse,
  CreatePasskeyRequest,
  PasskeyOptionsResponse,
  PasskeyResponse,
  presentPasskey,
  RenamePasskeyRequest,
} from './passkeys.dto.js';
import { PASSKEYS_PER_USER, PasskeysService } from './passkeys.service.js';

const PasskeyId = (): ParameterDecorator => Param('passkey_id', new UuidPipe('passkey_not_found'));
const PasskeyIdInPath = (): MethodDecorator =>
  ApiParam({ name: 'passkey_id', schema: { type: 'string', format: 'uuid' } });

@ApiTags('Authentication')
@Controller('auth')
export class PasskeysController {
  constructor(private readonly passkeys: PasskeysService) {}

  /** The caller's passkeys, the oldest first. */
  @Get('passkeys')
  @Answers({ status: 200, type: [PasskeyResponse], atMost: PASSKEYS_PER_USER })
  async listPasskeys(@CurrentUser() principal: Principal): Promise<PasskeyResponse[]> {
    return (await this.passkeys.list(principal)).map(presentPasskey);
  }

  /** The options of a new passkey, for `navigator.credentials.create()`. */
  @Post('passkey-options')
  @StepUp()
  @HttpCode(200)
  @Answers({ status: 200, type: PasskeyOptionsResponse, errors: ['passkeys_unavailable'] })
  async beginPasskeyCreation(@CurrentUser() principal: Principal): Promise<PasskeyOptionsResponse> {
    return { options: await this.passkeys.beginCreation(principal) };
  }

  /** Keeps a new passkey, and tells the owner by mail. */
  @Post('passkeys')
  @StrictlyLimited('authentication')
  @Answers({
    status: 201,
    type: CreatedPasskeyResponse,
    errors: ['invalid_passkey', 'passkey_exists', 'too_many_passkeys'],
  })
  async createPasskey(
    @From() actor: Actor,
    @Body() { credential, name, second_factor: secondFactor = false }: CreatePasskeyRequest,
    @Idempotent() request: IdempotentRequest,
  ): Promise<CreatedPasskeyResponse> {
    return this.passkeys.create(actor, { credential, name, secondFactor }, request);
  }

  /** Renames a passkey. */
  @Patch('passkeys/:passkey_id')
  @PasskeyIdInPath()
  @Answers({ status: 200, type: PasskeyResponse, errors: ['passkey_not_found'] })
  async renamePasskey(
    @CurrentUser() principal: Principal,
    @PasskeyId() id: string,
    @Body() { name }: RenamePasskeyRequest,
  ): Promise<PasskeyResponse> {
    return presentPasskey(await this.passkeys.rename(principal, id, name));
  }

  /** Removes a passkey at once. The device may still offer it, and is refused. */
  @Delete('passkeys/:passkey_id')
  @StepUp()
  @PasskeyIdInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: ['passkey_not_found', 'second_factor_kept'] })
  async removePasskey(@From() actor: Actor, @PasskeyId() id: string): Promise<void> {
    await this.passkeys.remove(actor, id);
  }
}
