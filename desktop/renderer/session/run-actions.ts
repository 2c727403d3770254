import { MOST_JOBS } from '../../../shared/contract/other-jobs.ts'
import type { BatchSave } from '../../../shared/contract/run-orders.ts'
import { envelopeOf } from '../../../shared/errors/domain-error.ts'
import { jobParamsOf } from '../state/run-choices.ts'
import type { DesktopStore, Store } from '../state/store.ts'
import type { BridgeClient } from './bridge-client.ts'

// The page of a server.
const JOBS_AT_A_TIME = 50

// A number that is being typed does not ask the server at every key.
const ESTIMATE_AFTER_MS = 350

/** What runs need of the session. */
export interface RunGround {
  store: DesktopStore
  bridge: BridgeClient
  /** Does work; a failure becomes a notice. */
  attempt(work: () => Promise<unknown>): Promise<void>
}

/** Runs in the window: ordering one or many, estimates, and what can be done with each. */
export class RunActions {
  private readonly ground: RunGround
  private timer: ReturnType<typeof setTimeout> | undefined
  private numAsked = 0
  private numLookedAt = JOBS_AT_A_TIME

  constructor(ground: RunGround) {
    this.ground = ground
    ground.store.subscribe((state, before) => {
      if (state.volume?.volume_ref !== before.volume?.volume_ref) this.volumeChanged(state, before)
      if (state.connection?.url !== before.connection?.url) this.numLookedAt = JOBS_AT_A_TIME
      if (isOtherOrder(state, before)) this.estimateLater()
    })
  }

  /** Orders a run of the chosen model over the open volume, or over the path on the server. */
  start = () =>
    this.ground.attempt(async () => {
      const { volume, serverPath } = this.ground.store.getState()
      const order = this.order()
      if (!order || (!volume && !serverPath)) return
      await this.ground.bridge.request('run.start', {
        volume_ref: volume?.volume_ref ?? null,
        ...order,
        ...(serverPath ? { server_path: serverPath } : {}),
      })
    })

  startBatch = (save: BatchSave) =>
    this.ground.attempt(async () => {
      const order = this.order()
      if (!order) return
      const { roi_zyx: _, ...params } = order.params // a region belongs to one volume
      await this.ground.bridge.request('batch.start', { ...order, params, save })
    })

  exportBatch = (batchRef: string) =>
    this.ground.attempt(async () => {
      const file = await this.ground.bridge.request('batch.export', { batch_ref: batchRef })
      if (file) this.ground.store.getState().workDone(`Saved ${file.name}.`, '')
    })

  cancel = (runRef: string) => this.ofRun('run.cancel', runRef)
  pause = (runRef: string) => this.ofRun('run.pause', runRef)
  resume = (runRef: string) => this.ofRun('run.resume', runRef)
  show = (runRef: string) => this.ofRun('run.show', runRef)
  dismiss = (runRef: string) => this.ofRun('run.dismiss', runRef)

  /** Asks the server in use for jobs that were made elsewhere; without one there are none. */
  lookElsewhere = async (): Promise<void> => {
    const { store, bridge } = this.ground
    if (!store.getState().connection) return store.getState().otherJobsKnown(null)
    // A server that is away is said elsewhere.
    const jobs = await bridge.request('run.elsewhere', { most_jobs: this.numLookedAt }).catch(() => null)
    if (jobs) store.getState().otherJobsKnown(jobs)
  }

  /** Looks at more jobs of the server, now and from now on. */
  lookFurther = (): Promise<void> => {
    this.numLookedAt = Math.min(MOST_JOBS, this.numLookedAt + JOBS_AT_A_TIME)
    return this.lookElsewhere()
  }

  /** Makes a run of a job that was made elsewhere, and does with it what was asked. */
  adopt = (jobId: string, wanted: 'follow' | 'retry' | 'cancel') =>
    this.ground.attempt(async () => {
      const { bridge } = this.ground
      const { run_ref } = await bridge.request('run.adopt', { job_id: jobId, is_retry: wanted === 'retry' })
      if (wanted === 'cancel') await bridge.request('run.cancel', { run_ref })
      await this.lookElsewhere()
    })

  private ofRun(channel: 'run.cancel' | 'run.pause' | 'run.resume' | 'run.show' | 'run.dismiss', runRef: string) {
    return this.ground.attempt(() => this.ground.bridge.request(channel, { run_ref: runRef }))
  }

  private order() {
    const { modelId, connection, choices } = this.ground.store.getState()
    const model = connection?.models.find(({ id }) => id === modelId)
    return model ? { model_id: model.id, params: jobParamsOf(choices, model) } : null
  }

  /** A region, and a path on the server, belong to the volume they were entered for. */
  private volumeChanged(state: Store, before: Store): void {
    if (before.volume && state.serverPath) state.serverPathChanged(null)
    if (state.choices.roiZyx) state.choicesChanged({ roiZyx: null })
  }

  private estimateLater(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.estimate(), ESTIMATE_AFTER_MS)
  }

  private async estimate(): Promise<void> {
    const { volume, estimate, estimateChanged } = this.ground.store.getState()
    const order = this.order()
    const turn = ++this.numAsked
    if (!volume || !order) return estimateChanged({ state: 'none' })
    estimateChanged({ state: 'asking', before: estimate.state === 'known' ? estimate.estimate : null })
    try {
      const found = await this.ground.bridge.request('run.estimate', { volume_ref: volume.volume_ref, ...order })
      if (turn === this.numAsked) estimateChanged(found ? { state: 'known', estimate: found } : { state: 'none' })
    } catch (error) {
      if (turn === this.numAsked) estimateChanged({ state: 'failed', problem: envelopeOf(error) })
    }
  }
}

function isOtherOrder(state: Store, before: Store): boolean {
  return (
    state.volume !== before.volume ||
    state.connection !== before.connection ||
    state.modelId !== before.modelId ||
    state.choices !== before.choices ||
    numEnded(state) !== numEnded(before)
  )
}

/** A run that has ended tells how fast the next one will be. */
function numEnded({ runs }: Store): number {
  return runs.filter(({ phase }) => phase === 'completed').length
}
