import { ApiParam } from '@nestjs/swagger';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

import type { AuthenticatedRequest, Principal } from '../../common/access.js';
import { AppError } from '../../common/errors.js';
import { USERNAME, USERNAME_PATTERN } from '../../users/fields.js';

export interface About {
  readonly principal: Principal;
  readonly username: string;
}

export const AboutPerson = createParamDecorator((_: unknown, context: ExecutionContext): About => {
  const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!request.user) throw new AppError('authentication_required');
  const { username = '' } = request.params as { username?: string };
  if (!USERNAME_PATTERN.test(username)) throw new AppError('user_not_found');
  return { principal: request.user, username };
});

export const UsernameInPath = (): MethodDecorator =>
  ApiParam({ name: 'username', schema: { type: 'string', pattern: USERNAME_PATTERN.source, maxLength: USERNAME.max } });
