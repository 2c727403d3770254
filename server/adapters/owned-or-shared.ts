import type { ExpressionBuilder } from 'kysely'
import type { Tables } from './database-tables.ts'

/** Rows that are the owner's, or that lie in one of the projects. */
export function ownedOrShared(owner: string, projects: readonly string[]) {
  return (is: ExpressionBuilder<Tables, 'volumes' | 'jobs'>) =>
    projects.length === 0 ? is('owner', '=', owner) : is.or([is('owner', '=', owner), is('project', 'in', projects)])
}
