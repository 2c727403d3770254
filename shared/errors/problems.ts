import { DESKTOP_PROBLEMS } from './problems-desktop.ts'
import { FORMAT_PROBLEMS } from './problems-formats.ts'
import { INFERENCE_PROBLEMS } from './problems-inference.ts'
import { MASK_PROBLEMS } from './problems-mask.ts'
import { SERVICE_PROBLEMS } from './problems-service.ts'

/** Every problem code there is, grouped by the room that throws it. Codes are a contract: they are only added. */
export const PROBLEMS = {
  ...SERVICE_PROBLEMS,
  ...FORMAT_PROBLEMS,
  ...INFERENCE_PROBLEMS,
  ...DESKTOP_PROBLEMS,
  ...MASK_PROBLEMS,
} as const

export type ProblemCode = keyof typeof PROBLEMS
