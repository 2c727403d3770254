import type { CryoMambaClient } from '../../shared/client/api.ts'
import type { Connection, Mode0, RunView } from '../../shared/contract/bridge.ts'
import type { JobParams } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { withLog } from './run-log.ts'
import type { Run } from './run-record.ts'
import { startedRun } from './run-state.ts'

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
  const isLocal = connection.kind === 'local'
  const view = startedRun({
    runRef,
    volumeRef: wanted.volumeRef,
    volumeName: wanted.volumeName,
    model,
    serverName: isLocal ? 'this computer' : connection.url,
    serverUrl: isLocal ? null : connection.url,
    source: wanted.serverPath ? 'server_path' : 'file',
    params: wanted.params,
    batchRef: wanted.batchRef,
    createdAt: new Date().toISOString(),
  })
  return {
    view: { ...withLog(null, view, view.created_at), shape_zyx: wanted.shapeZyx },
    target: isLocal ? { kind: 'local' } : { kind: 'server', url: connection.url },
    file: wanted.file,
    mode0: wanted.mode0,
    serverPath: wanted.serverPath,
    saveTo: wanted.saveTo,
    ...{ jobId: null, maskFile: null, client, preview: null },
    ...{ stop: new AbortController(), hasBegun: false, isRetry: false, isPausing: false, isTakenUp: false },
  }
}
