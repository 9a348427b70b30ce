/** The parameters of lists in pages. */
import { CURSOR_MAX_LENGTH, PAGE_LIMIT } from '../../common/pagination.js';
import { OptionalNotNull, QueryInteger, Text } from './validation.js';

export class PageQuery {
  /** Rows a page. */
  @OptionalNotNull()
  @QueryInteger({ min: 1, max: PAGE_LIMIT.max, default: PAGE_LIMIT.default })
  limit: number = PAGE_LIMIT.default;

  /** From the `Link` header of the page before. */
  @OptionalNotNull()
  @Text({ min: 1, max: CURSOR_MAX_LENGTH })
  cursor?: string;
}
