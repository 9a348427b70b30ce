import { type CanActivate, Inject, Injectable } from '@nestjs/common';

import { AppError } from '../../common/errors.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';

/** With EMAIL_LOGIN=off there is nothing at these addresses. */
@Injectable()
export class EmailLoginSwitch implements CanActivate {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  canActivate(): true {
    if (this.config.emailLogin) return true;
    throw new AppError('route_not_found');
  }
}
