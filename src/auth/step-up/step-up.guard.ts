/** Runs after the token was checked. Asks the database, for the routes with `@StepUp()` only. For a personal access token,
 * the proof was given when it was made. */
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';

import { type AuthenticatedRequest, STEP_UP, type StepUpOptions } from '../../common/access.js';
import { StepUpService } from './step-up.service.js';

@Injectable()
export class StepUpGuard implements CanActivate {
  constructor(private readonly stepUp: StepUpService) {}

  canActivate(context: ExecutionContext): true | Promise<true> {
    const options = Reflect.getMetadata(STEP_UP, context.getHandler()) as StepUpOptions | undefined;
    const { user } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (options === undefined || !user || user.scopes) return true;
    return this.stepUp.require(user, options);
  }
}
