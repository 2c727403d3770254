import { parseArgs } from 'node:util'
import { Value } from 'typebox/value'
import { LengthUnit } from '../shared/contract/common.ts'
import { AxisName } from '../shared/contract/jobs.ts'
import { ModelManifest } from '../shared/contract/model-package.ts'
import { DomainError } from '../shared/errors/domain-error.ts'
import type { ImportRequest } from './models/import-package.ts'

export type ModelCommand = { action: 'check'; folder: string } | { action: 'import'; request: ImportRequest }

const FILES = { onnx: { type: 'string' }, plans: { type: 'string' }, dataset: { type: 'string' } } as const

const IMPORT_OPTIONS = {
  ...FILES,
  out: { type: 'string' },
  configuration: { type: 'string', default: '3d_fullres' },
  fold: { type: 'string' },
  mirror: { type: 'string' },
  unit: { type: 'string', default: 'mm' },
  output: { type: 'string' },
  id: { type: 'string' },
  name: { type: 'string' },
  version: { type: 'string', default: '1.0.0' },
  licence: { type: 'string', default: 'not stated' },
  citation: { type: 'string' },
  description: { type: 'string' },
  'no-run': { type: 'boolean' },
  json: { type: 'boolean' },
} as const

/**
 * Reads `check DIR` and `import --onnx FILE …`; `--json` is the caller's.
 * @throws {DomainError} `usage`
 */
export function readModelCommand(argv: string[]): ModelCommand {
  const [action, ...rest] = argv.filter((word) => word !== '--json')
  if (action === 'check' && rest.length === 1 && !rest[0].startsWith('-')) return { action, folder: rest[0] }
  if (action === 'import') return { action, request: readImport(rest) }
  throw usage('model takes: check DIR, or import --onnx FILE --plans FILE --dataset FILE --out DIR.')
}

function readImport(args: string[]): ImportRequest {
  const { json: _, mirror, unit, 'no-run': isNotRun, ...values } = parse(args)
  const { onnx, plans, dataset, out } = values
  if (!onnx || !plans || !dataset || !out) throw usage('model import needs --onnx, --plans, --dataset and --out.')
  if (!Value.Check(LengthUnit, unit)) throw usage(`--unit takes angstrom, nm, um, mm or m, not "${unit}".`)
  const orNull = (text: string | undefined) => text ?? null
  return {
    ...values,
    ...{ onnx, plans, dataset, out, unit, mirror: readMirror(mirror), isTried: !isNotRun },
    fold: readFold(values.fold),
    id: values.id === undefined ? null : checked('id', values.id),
    name: values.name === undefined ? null : checked('name', values.name),
    version: checked('version', values.version),
    output: orNull(values.output),
    citation: orNull(values.citation),
    description: orNull(values.description),
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: IMPORT_OPTIONS, strict: true }).values
  } catch (cause) {
    throw usage(`${(cause as Error).message.split('. ')[0]}.`, cause)
  }
}

/** A value that goes into `model.json` as it is. */
function checked(key: 'id' | 'name' | 'version', value: string): string {
  if (Value.Check(ModelManifest.properties[key], value)) return value
  const rule = { id: 'lower case letters, digits, ".", "_" and "-"', name: 'a name', version: 'a version like 1.0.0' }[
    key
  ]
  throw usage(`--${key} takes ${rule}, not "${value}".`)
}

function readMirror(text: string | undefined): ImportRequest['mirror'] {
  const axes = text === undefined || text === 'none' ? [] : text.split(',')
  if (new Set(axes).size === axes.length && axes.every((axis) => Value.Check(AxisName, axis)))
    return axes as ImportRequest['mirror']
  throw usage(`--mirror takes axes of z,y,x, not "${text}".`)
}

function readFold(text: string | undefined): string | null {
  if (text === undefined || /^(\d+|all)$/.test(text)) return text ?? null
  throw usage(`--fold takes a number or all, not "${text}".`)
}

function usage(reason: string, cause?: unknown): DomainError {
  return new DomainError('usage', { reason, ...(cause === undefined ? {} : { cause }) })
}
