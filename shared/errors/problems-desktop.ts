import { row } from './problem-row.ts'

/** Problems of the desktop program. */
export const DESKTOP_PROBLEMS = {
  bridge_input_invalid: row(
    400,
    'Request from the window invalid',
    'The window sent something that {channel} does not accept.',
    'Restart CryoMamba; if it happens again, report it.',
  ),
  engine_not_available: row(
    503,
    'No engine on this computer',
    'Segmenting on this computer is not possible: {reason}.',
    'Connect to a server instead.',
  ),
} as const
