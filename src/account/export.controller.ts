import { Controller, Get, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { Answers } from '../http/openapi/answers.js';
import { Streaming } from '../http/streaming.js';
import { StrictlyLimited } from '../limits/policies.js';
import { Export } from './export.js';
import { ExportResponse } from './export.dto.js';
import { type Actor, From } from '../common/actor.js';

@ApiTags('Users')
@Controller('users/me')
export class ExportController {
  constructor(private readonly exports: Export) {}

  /**
   * Everything of the caller's in one JSON document, streamed; at most ten times an hour.
   *
   * @remarks
   * When something goes wrong on the way, the connection is cut and the document is left unfinished.
   */
  @Get('export')
  @Streaming()
  @StrictlyLimited('export')
  @Answers({
    status: 200,
    type: ExportResponse,
    headers: {
      'Content-Disposition': { description: 'A name of a file.', schema: { type: 'string', maxLength: 100 } },
    },
  })
  async exportOwnData(@From() actor: Actor): Promise<StreamableFile> {
    return new StreamableFile(await this.exports.begin(actor), {
      type: 'application/json; charset=utf-8',
      disposition: 'attachment; filename="roost-export.json"',
    });
  }
}
