import type { TSchema } from 'typebox'
import { Problem } from '../../shared/contract/common.ts'
import * as jobs from '../../shared/contract/jobs.ts'
import * as live from '../../shared/contract/live.ts'
import * as models from '../../shared/contract/models.ts'
import * as operation from '../../shared/contract/operation.ts'
import * as people from '../../shared/contract/people.ts'
import * as serverInfo from '../../shared/contract/server-info.ts'
import * as uploads from '../../shared/contract/uploads.ts'
import * as volumes from '../../shared/contract/volumes.ts'

/** Schemas of the contract that the API document names, by their name there: what is exported is named. */
export const SHARED_SCHEMAS: Readonly<Record<string, TSchema>> = objectSchemas({
  Problem,
  ...jobs,
  ...live,
  ...models,
  ...operation,
  ...people,
  ...serverInfo,
  ...uploads,
  ...volumes,
})

/** Objects and unions are worth a name; numbers and texts are not. */
function objectSchemas(exported: Record<string, TSchema>): Record<string, TSchema> {
  return Object.fromEntries(
    Object.entries(exported).filter(([, schema]) => 'properties' in schema || 'anyOf' in schema),
  )
}
