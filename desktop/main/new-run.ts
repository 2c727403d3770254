import type { CryoMambaClient } from '../../shared/client/api.ts'
import type { Connection, Mode0, OpenedVolume, RunView } from '../../shared/contract/bridge.ts'
import type { Job, JobParams } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { withLog } from './run-log.ts'
import type { Run } from './run-record.ts'
import { type RunStart, startedRun } from './run-state.ts'

/** A run that is to begin. */
export interface NewRun {
  volumeRef: string
  volumeName: string
  file: string | null
  mode0: Mode0 | null
  serverPath: string | null
  modelId: string
  params: JobParams
  /** Of the open volume. */
  shapeZyx: RunView['shape_zyx']
  batchRef: string | null
  saveTo: string | null
}

/** A run on the server in use, as it stands before anything was done. @throws {DomainError} `model_not_found` */
export function begunRun(
  wanted: NewRun,
  { client, connection }: { client: CryoMambaClient; connection: Connection },
  runRef: string,
): Run {
  const model = connection.models.find((one) => one.id === wanted.modelId)
  if (!model) throw new DomainError('model_not_found', { model: wanted.modelId })
  const { volumeRef, volumeName, params, batchRef, shapeZyx, file, mode0, serverPath, saveTo } = wanted
  const source = serverPath ? 'server_path' : 'file'
  const begin = { volumeRef, volumeName, model, source, params, batchRef, createdAt: new Date().toISOString() } as const
  const record = { file, mode0, serverPath, saveTo, jobId: null, isRetry: false, shapeZyx }
  return newRecord(begin, record, { client, connection }, runRef)
}

/** A job that was made elsewhere. */
export interface AdoptedJob {
  job: Job
  volumeName: string
  /** The open file, where it is the job's volume. */
  open: { volume: OpenedVolume; file: string } | null
  /** A job that failed or was canceled is begun again. */
  isRetry: boolean
}

/** A run that follows a job which is there already. @param newRef for the run, and for a volume that is not open */
export function adoptedRun(
  { job, volumeName, open, isRetry }: AdoptedJob,
  ground: { client: CryoMambaClient; connection: Connection },
  newRef: () => string,
): Run {
  const model = ground.connection.models.find((one) => one.id === job.model) ?? {
    id: job.model,
    name: job.model,
    labels: [],
  }
  const volumeRef = open?.volume.volume_ref ?? newRef()
  const more = { source: 'elsewhere', params: job.params, batchRef: null, createdAt: job.created_at } as const
  const begin = { volumeRef, volumeName, model, ...more }
  const file = { file: open?.file ?? null, mode0: open?.volume.mode0 ?? null, shapeZyx: open?.volume.shape_zyx ?? null }
  return newRecord(begin, { ...file, serverPath: null, saveTo: null, jobId: job.job_id, isRetry }, ground, newRef())
}

type Begin = Omit<RunStart, 'runRef' | 'serverName' | 'serverUrl'>
type Record = Pick<Run, 'file' | 'mode0' | 'serverPath' | 'saveTo' | 'jobId' | 'isRetry'> & Pick<NewRun, 'shapeZyx'>

function newRecord(
  begin: Begin,
  { shapeZyx, ...record }: Record,
  { client, connection }: { client: CryoMambaClient; connection: Connection },
  runRef: string,
): Run {
  const isLocal = connection.kind === 'local'
  const view = startedRun({
    ...begin,
    runRef,
    serverName: isLocal ? 'this computer' : connection.url,
    serverUrl: isLocal ? null : connection.url,
  })
  return {
    view: { ...withLog(null, view, view.created_at), shape_zyx: shapeZyx },
    target: isLocal ? { kind: 'local' } : { kind: 'server', url: connection.url },
    ...record,
    ...{ identity: null, maskFile: null, artifacts: null, client, preview: null },
    ...{ stop: new AbortController(), hasBegun: false, isPausing: false, isTakenUp: false },
  }
}
