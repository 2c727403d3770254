import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { Mode0, RunView } from '../../shared/contract/bridge.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { FileIdentity } from './file-identity.ts'
import type { Run } from './run-record.ts'
import { hasEnded } from './run-state.ts'

const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])

const StoredRun = Type.Object({
  view: RunView,
  target: Type.Union([
    Type.Object({ kind: Type.Literal('local') }),
    Type.Object({ kind: Type.Literal('server'), url: Type.String() }),
  ]),
  file: orNull(Type.String()),
  mode0: orNull(Mode0),
  /** Absent in runs of earlier versions. */
  identity: Type.Optional(orNull(FileIdentity)),
  server_path: orNull(Type.String()),
  save_to: orNull(Type.String()),
  job_id: orNull(Type.String()),
  mask_file: orNull(Type.String()),
})
type StoredRun = Type.Static<typeof StoredRun>

/** Ended runs that are kept beside those under way. */
const MAX_ENDED = 50

/** Runs between two starts of the program: one JSON file, replaced by a rename. Damaged entries count as absent. */
export class RunStore {
  private readonly file: string

  constructor(folder: string) {
    this.file = path.join(folder, 'runs.json')
  }

  /** Newest first. What was under way waits to be taken up; a mask that is gone from the disk is asked for again. */
  read(): Run[] {
    return entries(this.file)
      .filter((entry): entry is StoredRun => Value.Check(StoredRun, entry))
      .map(restored)
  }

  /** @param runs newest first */
  write(runs: readonly Run[]): void {
    const ended = runs.filter(({ view }) => hasEnded(view))
    const dropped = new Set(ended.slice(MAX_ENDED))
    const kept = runs.filter((run) => !dropped.has(run)).map(stored)
    mkdirSync(path.dirname(this.file), { recursive: true })
    writeFileSync(`${this.file}.partial`, JSON.stringify(kept), { mode: 0o600 })
    renameSync(`${this.file}.partial`, this.file)
  }
}

function entries(file: string): unknown[] {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return Array.isArray(found) ? found : []
  } catch {
    return []
  }
}

function stored(run: Run): StoredRun {
  return {
    view: run.view,
    target: run.target,
    file: run.file,
    mode0: run.mode0,
    identity: run.identity,
    server_path: run.serverPath,
    save_to: run.saveTo,
    job_id: run.jobId,
    mask_file: run.maskFile,
  }
}

function restored(entry: StoredRun): Run {
  const hasMask = entry.mask_file !== null && existsSync(entry.mask_file)
  const mustWait = !hasEnded(entry.view) ? entry.view.phase !== 'paused' : entry.view.phase === 'completed' && !hasMask
  const problem = new DomainError('run_interrupted').toEnvelope()
  return {
    view: mustWait ? { ...entry.view, phase: 'waiting', is_canceling: false, problem } : entry.view,
    target: entry.target,
    file: entry.file,
    mode0: entry.mode0,
    identity: entry.identity ?? null,
    serverPath: entry.server_path,
    saveTo: entry.save_to,
    jobId: entry.job_id,
    maskFile: hasMask ? entry.mask_file : null,
    client: null,
    stop: new AbortController(),
    hasBegun: false,
    isRetry: false,
    isPausing: false,
    isTakenUp: true,
    preview: null,
  }
}
