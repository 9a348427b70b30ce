import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

import type { AuthenticatedRequest, Principal } from '../common/access.js';
import { AppError } from '../common/errors.js';
import { type Origin, originOf } from '../common/origin.js';

/** Who acts, and from where. */
export interface Actor {
  readonly principal: Principal;
  readonly origin: Origin;
}

export const Acting = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!request.user) throw new AppError('authentication_required');
  return { principal: request.user, origin: originOf(request) };
});
