import type { ProblemRow } from './problem-row.ts'
import { DESKTOP_PROBLEMS } from './problems-desktop.ts'
import { FORMAT_PROBLEMS } from './problems-formats.ts'
import { INFERENCE_PROBLEMS } from './problems-inference.ts'
import { MASK_PROBLEMS } from './problems-mask.ts'
import { SERVICE_PROBLEMS } from './problems-service.ts'

const GROUPS: readonly [string, Readonly<Record<string, ProblemRow>>][] = [
  ['Server, its wire and its clients', SERVICE_PROBLEMS],
  ['Files of volumes', FORMAT_PROBLEMS],
  ['Models and running them', INFERENCE_PROBLEMS],
  ['The program with the window', DESKTOP_PROBLEMS],
  ['Corrected masks', MASK_PROBLEMS],
]

const HEAD = `# Errors

Written by \`node build/scripts/errors-page.mjs\` from the table in \`shared/errors\`; do not edit it by hand.

Every error has the same form everywhere. Over HTTP it is problem+json (RFC 9457) with \`code\`, \`message\`, \`hint\`,
\`retryable\` and \`request_id\` as members; on the live channel, in the record of a job and in the JSON of the command line
it is the same object. Match on \`code\`: codes are only added, texts may change. \`retryable\` promises that the same
request can succeed later. \`{name}\` stands for a value of the case.
`

/** The page that lists every problem code: status, whether it can succeed later, what happened, what the user can do. */
export function problemPage(): string {
  return [HEAD, ...GROUPS.map(([title, rows]) => `${[`## ${title}`, '', ...table(rows)].join('\n')}\n`)].join('\n')
}

function table(rows: Readonly<Record<string, ProblemRow>>): string[] {
  const lines = Object.entries(rows)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { status, retryable, message, hint }]) =>
      [`\`${code}\``, status, retryable ? 'yes' : 'no', cell(message), cell(hint)].join(' | '),
    )
  return [
    '| code | status | retryable | message | hint |',
    '|---|---|---|---|---|',
    ...lines.map((line) => `| ${line} |`),
  ]
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
