import path from 'node:path'
import type { JobEstimate } from '../../shared/contract/estimate.ts'
import type { EstimateOrder, RunOrder } from '../../shared/contract/run-orders.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { Connections } from './connections.ts'
import type { OpenFiles } from './open-files.ts'
import type { OtherJobs } from './other-jobs.ts'
import type { Runs } from './runs.ts'

export interface RunRequestsDeps {
  runs: Runs
  files: OpenFiles
  connections: Connections
  otherJobs: Pick<OtherJobs, 'layOverOpenFile'>
  newRef: () => string
}

/** What the window asks of runs, with the open file and the server in use. */
export class RunRequests {
  private readonly deps: RunRequestsDeps

  constructor(deps: RunRequestsDeps) {
    this.deps = deps
  }

  /** @throws {DomainError} `volume_not_open`, `file_changed`, `not_connected`, `model_not_found` */
  async start({ volume_ref: volumeRef, model_id: modelId, params = {}, server_path: serverPath }: RunOrder) {
    const { files, runs, newRef } = this.deps
    if (volumeRef !== null) await files.checkUnchanged(volumeRef)
    const open = volumeRef === null ? null : files.find(volumeRef)
    if (!open && !serverPath) throw new DomainError('volume_not_open')
    runs.start({
      volumeRef: open?.volume.volume_ref ?? newRef(),
      volumeName: open?.volume.name ?? path.posix.basename(serverPath ?? ''),
      file: open?.file ?? null,
      mode0: open?.volume.mode0 ?? null,
      shapeZyx: open?.volume.shape_zyx ?? null,
      serverPath: serverPath ?? null,
      ...{ modelId, params, batchRef: null, saveTo: null },
    })
  }

  /** Null from a server that cannot tell. @throws {DomainError} `volume_not_open`, `not_connected`, what the server says */
  async estimate({ volume_ref, model_id: model, params }: EstimateOrder): Promise<JobEstimate | null> {
    const { shape_zyx, dtype, voxel_size_zyx, unit } = this.deps.files.find(volume_ref).volume
    const { client } = this.deps.connections.current
    return client.estimateJob({ model, ...(params ? { params } : {}), shape_zyx, dtype, voxel_size_zyx, unit })
  }

  /** @throws {DomainError} `run_not_found`, `run_volume_elsewhere` */
  async show(runRef: string): Promise<void> {
    const { runs, files, otherJobs } = this.deps
    const mustOpen = runs.wantShown(runRef)
    if (mustOpen) await files.open(mustOpen.file, mustOpen.mode0)
    else if (runs.shown?.run_ref !== runRef) await otherJobs.layOverOpenFile(runRef)
  }
}
