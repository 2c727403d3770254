import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
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

/** What was stored; `isWhole` is false where a part of it could not be read. */
export interface FoundRuns {
  runs: Run[]
  isWhole: boolean
}

/**
 * Runs between two starts of the program: one JSON file, replaced by a rename. Damaged entries, and those of a newer
 * version, count as absent; the file that had them is put aside.
 */
export class RunStore {
  private readonly file: string

  constructor(folder: string) {
    this.file = path.join(folder, 'runs.json')
  }

  /** Newest first. What was under way waits to be taken up; a mask that is gone from the disk is asked for again. */
  read(): FoundRuns {
    const found = entries(this.file)
    const known = found?.filter((entry): entry is StoredRun => Value.Check(StoredRun, entry)) ?? []
    const isUnreadable = found === null || known.length < found.length
    if (isUnreadable) putAside(this.file)
    return { runs: known.map(restored), isWhole: !isUnreadable && !existsSync(asideOf(this.file)) }
  }

  /** @param runs newest first */
  write(runs: readonly Run[]): void {
    mkdirSync(path.dirname(this.file), { recursive: true })
    writeFileSync(`${this.file}.partial`, JSON.stringify(runs.map(stored)), { mode: 0o600 })
    renameSync(`${this.file}.partial`, this.file)
  }
}

/** Null where there is a file that cannot be read. */
function entries(file: string): unknown[] | null {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return Array.isArray(found) ? found : null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : null
  }
}

function asideOf(file: string): string {
  return file.replace(/\.json$/, '-unreadable.json')
}

/** What the next write would replace may still be wanted, by a newer version or by a person. */
function putAside(file: string): void {
  try {
    copyFileSync(file, asideOf(file))
  } catch (error) {
    console.error(error)
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
    artifacts: null,
    client: null,
    stop: new AbortController(),
    hasBegun: false,
    isRetry: false,
    isPausing: false,
    isTakenUp: true,
    preview: null,
  }
}
