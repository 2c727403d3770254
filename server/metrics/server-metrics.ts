import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { DeviceFacts } from '../devices/gpu-inventory.ts'
import type { MovedBytes } from './connection-bytes.ts'

/** What is looked up when somebody asks for the figures. */
export interface MetricSources {
  /** Unfinished jobs by state. */
  jobsByState(): Promise<Record<string, number>>
  uploadsByState(): Promise<Record<string, number>>
  devices(): Promise<DeviceFacts[]>
  /** Space of the file system that the data lie on, bytes. */
  disk(): Promise<{ sizeBytes: number; freeBytes: number }>
  moved(): MovedBytes
  liveSockets(): number
  isReady(): Promise<boolean>
  isOnCpuInstead: boolean
}

/** A source that takes longer is left out of this answer; Prometheus itself waits 10 s. */
const SOURCE_MS = 3_000

const REQUEST_SECONDS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60]
const JOB_SECONDS = [10, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 43200]

/**
 * The figures of a server for Prometheus. Labels have few values: route patterns, states, devices, models; never ids,
 * users or addresses.
 */
export class ServerMetrics {
  readonly registry = new Registry()
  private readonly sources: MetricSources

  private readonly requests = this.counter('http_requests_total', 'Answered requests.', ['method', 'route', 'status'])
  private readonly requestSeconds = this.histogram(
    'http_request_duration_seconds',
    'Time from the first byte of a request to the last of its answer.',
    ['method', 'route'],
    REQUEST_SECONDS,
  )
  private readonly tiles = this.counter('tiles_total', 'Tiles that networks have run.')
  private readonly jobSeconds = this.histogram(
    'job_duration_seconds',
    'Time from the start of a job to its end.',
    ['outcome', 'model'],
    JOB_SECONDS,
  )
  private readonly waitSeconds = this.histogram(
    'job_wait_seconds',
    'Time from the order of a job to its first start.',
    [],
    JOB_SECONDS,
  )
  private readonly workersStarted = this.counter('workers_started_total', 'Worker processes that were started.')
  private readonly workerCrashes = this.counter('worker_crashes_total', 'Workers that ended without being asked to.')
  private readonly jobs = this.gauge('jobs', 'Unfinished jobs.', ['state'])
  private readonly uploads = this.gauge('uploads', 'Unfinished uploads.', ['state'])
  private readonly liveSockets = this.gauge('live_sockets', 'Clients that follow a job.')
  private readonly ready = this.gauge('ready', '1 while the server can take work.')
  private readonly cpuInstead = this.gauge('cpu_instead_of_gpu', '1 where CRYOMAMBA_DEVICES=auto found no usable card.')
  private readonly diskSize = this.gauge('disk_size_bytes', 'Size of the file system of the data folder.')
  private readonly diskFree = this.gauge('disk_free_bytes', 'Free space there.')
  private readonly gpuSize = this.gauge('gpu_memory_size_bytes', "Memory of a slot's card.", ['device', 'name'])
  private readonly gpuUsed = this.gauge('gpu_memory_used_bytes', 'Memory of it in use.', ['device', 'name'])
  private readonly gpuLoad = this.gauge('gpu_utilisation_ratio', 'Share of time that it works, 0 to 1.', [
    'device',
    'name',
  ])
  private readonly received = this.counter('network_received_bytes_total', 'Bytes that came over all connections.')
  private readonly sent = this.counter('network_sent_bytes_total', 'Bytes that went over all connections.')
  private lastMoved: MovedBytes = { received: 0, sent: 0 }

  constructor(version: string, sources: MetricSources) {
    this.sources = sources
    this.cpuInstead.set(sources.isOnCpuInstead ? 1 : 0)
    this.gauge('build_info', 'Always 1; the labels say what runs.', ['version', 'node']).set(
      { version, node: process.version },
      1,
    )
    collectDefaultMetrics({ register: this.registry })
  }

  requestAnswered(request: { method: string; route: string; status: number; seconds: number }): void {
    const { method, route, status, seconds } = request
    this.requests.inc({ method, route, status: String(status) })
    this.requestSeconds.observe({ method, route }, seconds)
  }

  tilesDone(count: number): void {
    this.tiles.inc(count)
  }

  jobStarted(waitSeconds: number): void {
    this.waitSeconds.observe(waitSeconds)
  }

  jobEnded(outcome: 'completed' | 'failed' | 'canceled', model: string, seconds: number): void {
    this.jobSeconds.observe({ outcome, model }, seconds)
  }

  readonly workers = {
    started: (): void => this.workersStarted.inc(),
    crashed: (): void => this.workerCrashes.inc(),
  }

  /** All figures in Prometheus' text format. A source that fails or hangs has no figures this time. */
  async text(): Promise<string> {
    const { sources } = this
    this.countMoved(sources.moved())
    this.liveSockets.set(sources.liveSockets())
    await Promise.all([
      this.byState(this.jobs, sources.jobsByState()),
      this.byState(this.uploads, sources.uploadsByState()),
      within(sources.isReady(), (isReady) => this.ready.set(isReady ? 1 : 0)),
      this.deviceFigures(),
      this.diskFigures(),
    ])
    return this.registry.metrics()
  }

  private countMoved(now: MovedBytes): void {
    this.received.inc(now.received - this.lastMoved.received)
    this.sent.inc(now.sent - this.lastMoved.sent)
    this.lastMoved = now
  }

  private async byState(gauge: Gauge, counts: Promise<Record<string, number>>): Promise<void> {
    gauge.reset()
    await within(counts, (found) => {
      for (const [state, count] of Object.entries(found)) gauge.set({ state }, count)
    })
  }

  private async diskFigures(): Promise<void> {
    for (const gauge of [this.diskSize, this.diskFree]) gauge.reset()
    await within(this.sources.disk(), ({ sizeBytes, freeBytes }) => {
      this.diskSize.set(sizeBytes)
      this.diskFree.set(freeBytes)
    })
  }

  private async deviceFigures(): Promise<void> {
    for (const gauge of [this.gpuSize, this.gpuUsed, this.gpuLoad]) gauge.reset()
    await within(this.sources.devices(), (devices) => {
      for (const { deviceId: device, name, memoryTotalBytes, memoryUsedBytes, utilisationPercent } of devices) {
        if (memoryTotalBytes !== null) this.gpuSize.set({ device, name }, memoryTotalBytes)
        if (memoryUsedBytes !== null) this.gpuUsed.set({ device, name }, memoryUsedBytes)
        if (utilisationPercent !== null) this.gpuLoad.set({ device, name }, utilisationPercent / 100)
      }
    })
  }

  private counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name: `cryomamba_${name}`, help, labelNames, registers: [this.registry] })
  }

  private gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name: `cryomamba_${name}`, help, labelNames, registers: [this.registry] })
  }

  private histogram(name: string, help: string, labelNames: string[], buckets: number[]): Histogram {
    return new Histogram({ name: `cryomamba_${name}`, help, labelNames, buckets, registers: [this.registry] })
  }
}

/** Takes what a source gives in time; a failure or silence leaves the figures out. */
async function within<T>(source: Promise<T>, take: (found: T) => void): Promise<void> {
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), SOURCE_MS).unref())
  const found = await Promise.race([source.catch(() => null), late])
  if (found !== null) take(found)
}
