import { Type } from 'typebox'
import { Id, Problem } from '../../shared/contract/common.ts'

/** Replies of every route beside its own. */
export const PROBLEM_REPLIES = { '4xx': Problem, '5xx': Problem } as const

/** Pages of lists: `cursor` is the last id of the page before. */
export const PageQuery = Type.Object(
  { limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })), cursor: Type.Optional(Id) },
  { additionalProperties: false },
)

/** Items of a page where the reply names none. */
export const DEFAULT_PAGE = 50

/** The page to give back and the cursor of the next; `items` holds one more than the page when there is a next. */
export function pageOf<T>(items: T[], limit: number, idOf: (item: T) => string): { page: T[]; next: string | null } {
  const page = items.slice(0, limit)
  return { page, next: items.length > limit ? idOf(page[page.length - 1]) : null }
}
