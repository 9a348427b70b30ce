import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiExtension, ApiHeader, ApiResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { type Caller, CurrentUser, Scoped } from '../../common/access.js';
import { PostResponse } from '../posts/posts.dto.js';
import { STREAM_HEADERS } from './event-stream.js';
import { Streams } from './streams.js';

/** As the headers of a request may be. */
const LAST_EVENT_ID_MAX_LENGTH = 16_384;

const EVENTS = `Server-sent events until the token expires or its session ends: \`post\` (a post, as in \`GET /timeline\`),
\`reset\` (what came between is not known any more: read the first page), \`end\` (\`{code, detail}\`, the last one).`;

/** What `end` has as its data. */
const END = {
  type: 'object',
  required: ['code', 'detail'],
  properties: { code: { type: 'string', maxLength: 50 }, detail: { type: 'string', maxLength: 1_000 } },
};

@ApiTags('Timeline')
@Controller('timeline')
@Scoped('timeline')
export class StreamController {
  constructor(private readonly streams: Streams) {}

  /**
   * New posts of the people the caller follows and their own, as they appear: each once, also across connections when
   * the id that came last is sent as `Last-Event-ID`.
   */
  @Get('stream')
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The id that came last: what was posted since comes first.',
    schema: { type: 'string', maxLength: LAST_EVENT_ID_MAX_LENGTH },
  })
  @ApiExtension('x-errors', ['too_many_streams'])
  @ApiExtension('x-events', { post: { $ref: getSchemaPath(PostResponse) }, reset: {}, end: END })
  @ApiResponse({ status: 200, description: EVENTS, content: { 'text/event-stream': { schema: { type: 'string' } } } })
  async streamTimeline(
    @CurrentUser() caller: Caller,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (reply.request.method === 'HEAD') await reply.headers(STREAM_HEADERS).send();
    else await this.streams.start(caller, reply, lastEventId);
  }
}
