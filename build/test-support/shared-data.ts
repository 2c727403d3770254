import { existsSync } from 'node:fs'
import path from 'node:path'

/** Folder of the shared real files, beside the checkout; `CRYOMAMBA_SHARED_DATA` names another place. */
export const SHARED_DATA = path.resolve(
  process.env.CRYOMAMBA_SHARED_DATA ?? path.join(import.meta.dirname, '../../../shared/data'),
)

/** True where the folder exists; tests that need it say so when they skip. */
export const hasSharedData = existsSync(SHARED_DATA)
