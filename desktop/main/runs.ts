import type { CryoMambaClient } from '../../shared/client/api.ts'
import type { UploadStore } from '../../shared/client/upload-store.ts'
import type { Connection, Mode0, OpenedVolume, RunView } from '../../shared/contract/bridge.ts'
import type { Artifact, Job } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { TurnQueue } from '../../shared/node/turn-queue.ts'
import { type AdoptedJob, adoptedRun, begunRun, type NewRun } from './new-run.ts'
import { RunCarrier } from './run-carrier.ts'
import { artifactNamed } from './run-course.ts'
import { oldest, RunFolders } from './run-folders.ts'
import { withLog } from './run-log.ts'
import { hasSomethingToShow, RunOnShow } from './run-on-show.ts'
import type { Run, RunTarget } from './run-record.ts'
import { hasEnded, isGoing, nextRun, type RunEvent } from './run-state.ts'
import type { RunStore } from './run-store.ts'
import { noteIdentity, RunVolumes } from './run-volumes.ts'
import type { VolumeHost } from './volume-host.ts'

// A server confirms a cancel within a tile; after this the run ends here all the same.
const CANCEL_TIMEOUT_MS = 20_000

/** Runs of a batch, and runs taken up at a start, that go on at once; the others wait for their turn. */
const LANES = 2

export interface RunsDeps {
  /** The server in use. @throws {DomainError} `not_connected` */
  current: () => { client: CryoMambaClient; connection: Connection }
  /** A client for a server of an earlier run. @throws {DomainError} `unauthorized`, `engine_not_available` */
  clientFor: (target: RunTarget) => Promise<CryoMambaClient>
  volumes: Pick<VolumeHost, 'showMask' | 'showPreview' | 'clearLabels'>
  store: RunStore
  uploads: UploadStore
  /** Masks lie here, one folder a run. */
  resultsFolder: string
  onChange: (run: RunView) => void
  onRemoved: (runRef: string) => void
  onShown: (runRef: string | null) => void
  /** Told of what cannot be laid over the open volume, and why. */
  onProblem: (error: DomainError) => void
  /** Told once for each run that ended without being canceled. */
  onEnded: (run: RunView) => void
  /** Runs whose files corrections go back to; null while that cannot be told. */
  neededRuns: () => Promise<ReadonlySet<string> | null>
  newRef: () => string
}

/**
 * Runs of models on volumes, several at once, kept between starts of the program. Every change is announced as a whole
 * snapshot. One run at most is shown: its previews, then its mask, lie over the open volume.
 */
export class Runs {
  private readonly deps: RunsDeps
  private readonly turns = new TurnQueue(LANES)
  /** Newest first. */
  private runs: Run[]
  private readonly onShow: RunOnShow
  private readonly open = new RunVolumes()
  private readonly carrier: RunCarrier
  private readonly folders: RunFolders
  /** All runs of before are known: a folder without one is nobody's. */
  private readonly isWhole: boolean
  private isStopped = false

  constructor(deps: RunsDeps) {
    this.deps = deps
    const { runs, isWhole } = deps.store.read()
    this.runs = runs
    this.isWhole = isWhole
    this.folders = new RunFolders(deps.resultsFolder)
    this.onShow = new RunOnShow(deps)
    this.carrier = new RunCarrier({
      ...{ clientFor: deps.clientFor, uploads: deps.uploads, folderOf: (runRef) => this.folderOf(runRef) },
      apply: (run, event) => this.apply(run, event),
      keep: () => this.keep(),
      showChanged: (run) => this.onShow.changed(run),
    })
  }

  get isBusy(): boolean {
    return this.runs.some(({ view }) => isGoing(view))
  }

  /** Jobs that have a run here. */
  get jobIds(): string[] {
    return this.runs.flatMap(({ jobId }) => jobId ?? [])
  }

  /** All that are known, newest first. */
  get all(): RunView[] {
    return this.runs.map(({ view }) => view)
  }

  /** The run whose labels are over the open volume. */
  get shown(): RunView | null {
    return this.onShow.run?.view ?? null
  }

  /** Begins a run, in turn when it is of a batch. @throws {DomainError} `not_connected`, `model_not_found` */
  start(wanted: NewRun): RunView {
    const run = begunRun(wanted, this.deps.current(), this.deps.newRef())
    this.begin(run)
    const { stop } = run
    void (wanted.batchRef ? this.turns.take(() => this.carrier.carry(run, stop)) : this.carrier.carry(run, stop))
    return run.view
  }

  /** Follows a job that was made elsewhere; one that is known already stays the run that it is. @throws {DomainError} `not_connected` */
  adopt(adopted: AdoptedJob): RunView {
    const known = this.runs.find(({ jobId }) => jobId === adopted.job.job_id)
    if (known) return known.view
    const run = adoptedRun(adopted, this.deps.current(), this.deps.newRef)
    this.begin(run)
    void this.identify(run)
    void this.carrier.carry(run, run.stop)
    return run.view
  }

  /** Stops an upload or a job; what was sent or finished is kept by the server. @throws {DomainError} `run_not_found` or what the server says */
  async pause(runRef: string): Promise<void> {
    const run = this.find(runRef)
    if (!isGoing(run.view)) return
    if (run.jobId) return this.pauseJob(run, run.jobId)
    run.isPausing = run.hasBegun
    run.stop.abort()
    this.apply(run, { type: 'paused' })
  }

  /** The job ends its tile first: its state says when it is put aside. */
  private async pauseJob(run: Run, jobId: string): Promise<void> {
    if (!run.client || run.view.is_canceling || !['queued', 'running'].includes(run.view.phase)) return
    this.apply(run, { type: 'pausing', isAsked: true })
    try {
      const job = await run.client.pauseJob(jobId)
      if (job.state === 'paused') this.apply(run, { type: 'job', job })
    } catch (error) {
      this.apply(run, { type: 'pausing', isAsked: false })
      const hasEndedMeanwhile = error instanceof DomainError && error.code === 'job_state'
      if (!hasEndedMeanwhile) throw error
    }
  }

  /** Goes on with a run that does not go on, at once. @throws {DomainError} `run_not_found` */
  resume(runRef: string): void {
    const run = this.find(runRef)
    if (isGoing(run.view) || run.view.phase === 'completed') return
    void this.takeUp(run)
  }

  /** Goes on with all that wait, or with those of one server, a few at a time. */
  resumeWaiting(url?: string | null): void {
    const isWanted = ({ view }: Run) => view.phase === 'waiting' && (url === undefined || view.server_url === url)
    for (const run of this.runs.filter(isWanted).reverse()) void this.turns.take(() => this.takeUp(run))
  }

  /** Ends a run; a job on the server is canceled there. @throws {DomainError} `run_not_found` or what the server says */
  async cancel(runRef: string): Promise<void> {
    const run = this.find(runRef)
    if (hasEnded(run.view)) return
    if (!isGoing(run.view)) return this.cancelStopped(run)
    if (!run.hasBegun) return this.apply(run, { type: 'canceled' })
    this.apply(run, { type: 'canceling' })
    if (!run.jobId || !run.client) return run.stop.abort()
    const { stop } = run
    setTimeout(() => stop.abort(), CANCEL_TIMEOUT_MS).unref()
    await run.client.cancelJob(run.jobId).catch((error) => {
      stop.abort()
      throw error
    })
  }

  /**
   * Shows a run of the open volume, or remembers it until its file is open. @returns the file that must be opened
   * @throws {DomainError} `run_not_found`, `run_volume_changed`, `run_volume_unknown` where the user was not told before
   */
  wantShown(runRef: string): { file: string; mode0: Mode0 | null } | null {
    const run = this.find(runRef)
    if (this.open.takeWordFor(run)) this.placed(run)
    const problem = this.open.problemOf(run)
    if (problem) throw problem
    return this.onShow.want(run)
  }

  /** The job of a run as its server has it; null before there is one. @throws {DomainError} `run_not_found` */
  async jobOf(runRef: string): Promise<{ job: Job | null; client: CryoMambaClient; name: string }> {
    const run = this.find(runRef)
    const client = run.client ?? (await this.deps.clientFor(run.target))
    return { job: run.jobId ? await client.job(run.jobId) : null, client, name: run.view.volume_name }
  }

  /** The open file is a run's volume: it is shown over it from now on. @throws {DomainError} `run_not_found` */
  layOver(runRef: string, open: { volume: OpenedVolume; file: string }): void {
    const run = this.find(runRef)
    this.open.layOver(run, open)
    this.placed(run)
    void this.onShow.show(run)
  }

  /** Removes an ended run, its mask here, and what it shows. @throws {DomainError} `run_not_found` */
  async dismiss(runRef: string): Promise<void> {
    const run = this.find(runRef)
    if (!isGoing(run.view)) await this.remove(run)
  }

  /** Removes the oldest runs with their files, beyond those that are kept, and what earlier starts left of theirs. */
  async tidy(): Promise<void> {
    try {
      const needed = await this.deps.neededRuns()
      if (!needed) return
      for (const run of oldest(this.runs))
        if (this.onShow.run !== run && !needed.has(run.view.run_ref)) await this.remove(run)
      if (this.isWhole) await this.folders.removeOthers((runRef) => this.isKnown(runRef))
    } catch (error) {
      console.error(error) // what cannot be removed now is tried again with the next run
    }
  }

  /** A finished run's artifact, the first of the names that there is, and the client that can download it. @throws {DomainError} `run_not_found`, `artifact_not_found` */
  async artifact(
    runRef: string,
    ...names: readonly string[]
  ): Promise<{ artifact: Artifact; client: CryoMambaClient }> {
    const run = this.find(runRef)
    if (!run.jobId || run.view.phase !== 'completed') throw new DomainError('run_not_found')
    run.client ??= await this.deps.clientFor(run.target)
    return { artifact: await artifactNamed(run, run.client, names), client: run.client }
  }

  /** A finished run and the file of its mask. @throws {DomainError} `run_not_found` */
  finishedMask(runRef: string): { view: RunView; file: string } {
    const { view, maskFile } = this.find(runRef)
    if (!maskFile) throw new DomainError('run_not_found')
    return { view, file: maskFile }
  }

  isKnown(runRef: string): boolean {
    return this.runs.some(({ view }) => view.run_ref === runRef)
  }

  /** Where files of a run lie as long as it is known. */
  folderOf(runRef: string): string {
    return this.folders.of(runRef)
  }

  view(runRef: string): RunView {
    return this.find(runRef).view
  }

  /** The runs of a batch, in the order they were begun. @throws {DomainError} `run_not_found` */
  batch(batchRef: string): RunView[] {
    const found = this.all.filter((run) => run.batch_ref === batchRef)
    if (found.length === 0) throw new DomainError('run_not_found')
    return found.reverse()
  }

  /**
   * A file that is opened gets the runs back that were made of it; the one that was asked for, else the newest, is shown.
   * One that was made of what the file was before is told of instead.
   */
  async volumeOpened(volume: OpenedVolume, file: string): Promise<void> {
    const wanted = this.onShow.volumeOpened(volume.volume_ref)
    const over = await this.open.opened(volume, file, this.runs)
    if (!over) return
    const { doubtful } = this.open
    for (const run of [...over, ...doubtful]) this.deps.onChange(run.view)
    const isNothing = !over.some(hasSomethingToShow)
    const missed = doubtful.find((run) => run === wanted) ?? (isNothing ? doubtful.find(hasSomethingToShow) : undefined)
    const problem = missed && this.open.problemOf(missed)
    if (problem) this.deps.onProblem(problem)
    await this.onShow.showOneOf(over, wanted)
  }

  volumeClosed(): void {
    this.open.closed()
    this.onShow.volumeClosed()
  }

  /** Leaves jobs on servers running, but stops watching them; they are taken up at the next start. */
  stop(): void {
    this.isStopped = true
    this.carrier.stop()
    for (const run of this.runs) run.stop.abort()
    this.keep()
  }

  private begin(run: Run): void {
    this.runs = [run, ...this.runs]
    this.keep()
    this.deps.onChange(run.view)
    if (this.onShow.isOver(run)) void this.onShow.show(run)
    void this.tidy()
  }

  private async remove(run: Run): Promise<void> {
    const { run_ref: runRef } = run.view
    this.runs = this.runs.filter((one) => one !== run)
    this.keep()
    await this.folders.remove(runRef)
    this.deps.onRemoved(runRef)
    if (this.onShow.run === run) await this.onShow.show(null)
  }

  /** A run has come to lie over the open file. */
  private placed(run: Run): void {
    this.keep()
    this.deps.onChange(run.view)
    void this.identify(run)
  }

  private async identify(run: Run): Promise<void> {
    await noteIdentity(run)
    this.keep()
  }

  private find(runRef: string): Run {
    const run = this.runs.find(({ view }) => view.run_ref === runRef)
    if (!run) throw new DomainError('run_not_found')
    return run
  }

  private keep(): void {
    try {
      this.deps.store.write(this.runs)
    } catch (error) {
      console.error(error) // a full disk costs the memory of the runs, not the runs
    }
  }

  private apply(run: Run, event: RunEvent): void {
    const next = nextRun(run.view, event)
    if (next === run.view || this.isStopped) return
    const isNewPhase = next.phase !== run.view.phase
    run.view = withLog(run.view, next, new Date().toISOString())
    if (isNewPhase) this.keep()
    if (isNewPhase && next.phase === 'paused' && run.jobId) this.leave(run)
    this.deps.onChange(run.view)
    if (isNewPhase && (next.phase === 'completed' || next.phase === 'failed')) this.deps.onEnded(run.view)
  }

  /** A job that is put aside tells nothing more. */
  private leave(run: Run): void {
    run.isPausing = true
    run.stop.abort()
  }

  private async takeUp(run: Run): Promise<void> {
    if (isGoing(run.view) || run.view.phase === 'completed' || !this.runs.includes(run)) return
    run.isTakenUp ||= run.view.phase === 'waiting' || run.view.phase === 'paused'
    run.isRetry = hasEnded(run.view) || run.view.phase === 'paused'
    run.isPausing = false
    run.stop = new AbortController()
    this.apply(run, { type: 'taken_up' })
    await this.carrier.carry(run, run.stop)
  }

  /** The job of a run that nobody watches is canceled where its server can be asked. */
  private async cancelStopped(run: Run): Promise<void> {
    this.apply(run, { type: 'canceled' })
    const { jobId } = run
    if (!jobId) return
    await this.deps
      .clientFor(run.target)
      .then((client) => client.cancelJob(jobId))
      .catch(() => undefined)
  }
}
