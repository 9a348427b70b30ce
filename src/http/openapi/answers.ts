/** What a route answers, said beside it. document.ts adds what all routes answer. */
import { applyDecorators, Header, type Type } from '@nestjs/common';
import { ApiExtension, ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';

import type { ErrorCode } from '../../common/error-codes.js';
import { PAGE_LIMIT } from '../../common/pagination.js';

export interface AnswersOptions {
  readonly status: number;
  readonly type?: Type | [Type];
  readonly oneOf?: readonly Type[];
  /** Beside those of all routes: a missing token, an invalid body, limits, a lost database. */
  readonly errors?: readonly ErrorCode[];
  readonly paged?: boolean | 'endless';
  readonly atMost?: number;
  readonly headers?: ResponseHeaders;
}

type ResponseHeaders = Record<
  string,
  { readonly description: string; readonly schema: { type: 'string'; maxLength: number } }
>;

const DESCRIPTIONS: Record<number, string> = {
  200: 'Success.',
  201: 'Created.',
  202: 'Accepted: the rest happens later.',
  204: 'Success, without a body.',
};

export function Answers(options: AnswersOptions): MethodDecorator {
  const { status, type, oneOf, errors = [], paged = false, atMost, headers } = options;
  const description = DESCRIPTIONS[status] ?? 'Success.';
  if (oneOf)
    return applyDecorators(
      ApiExtraModels(...oneOf),
      ApiResponse({ status, description, schema: { oneOf: oneOf.map((each) => ({ $ref: getSchemaPath(each) })) } }),
      ApiExtension('x-errors', errors),
    );
  if (!Array.isArray(type))
    return applyDecorators(
      ApiResponse({ status, description, ...(type && { type }), ...(headers && { headers }) }),
      ApiExtension('x-errors', errors),
    );
  const items = { $ref: getSchemaPath(type[0]) };
  const Link = {
    description: `RFC 8288: the next page, rel="next"${paged === 'endless' ? '' : '; absent on the last one'}.`,
    schema: { type: 'string' as const, maxLength: LINK_MAX_LENGTH },
  };
  return applyDecorators(
    ApiExtraModels(type[0]),
    ApiResponse({
      status,
      description: paged ? 'A page.' : description,
      schema: { type: 'array', maxItems: atMost ?? PAGE_LIMIT.max, items },
      ...(paged && { headers: { Link } }),
    }),
    ApiExtension('x-errors', errors),
  );
}

const LINK_MAX_LENGTH = 16_000;

export interface Deprecation {
  /** Days, such as 2026-11-27. After `sunset` the route may be gone. */
  readonly since: string;
  readonly sunset: string;
  readonly see: string;
}

/** Sets the headers of RFC 9745 and RFC 8594. A test fails when the sunset has passed: remove the route then. */
export function Deprecated({ since, sunset, see }: Deprecation): MethodDecorator {
  return applyDecorators(
    ApiExtension('x-sunset', sunset),
    Header('Deprecation', `@${Date.parse(since) / 1_000}`),
    Header('Sunset', new Date(sunset).toUTCString()),
    Header('Link', `<${see}>; rel="deprecation"; type="text/html"`),
  );
}
