/** Pages and addresses about Roost itself. */
import { Module } from '@nestjs/common';

import { ProblemPagesController } from './problem-pages.controller.js';
import { WellKnownController } from './well-known.controller.js';

@Module({ controllers: [ProblemPagesController, WellKnownController] })
export class SiteModule {}
