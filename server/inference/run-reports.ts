import type { PreviewHeader } from '../../shared/contract/live.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import type { RunEvents } from './messages.ts'
import type { PreviewBuilder } from './preview-builder.ts'
import type { TileClock } from './tile-clock.ts'

/** Progress messages at most this often. */
const PROGRESS_INTERVAL_MS = 200

/** What a run tells while it goes on, no more often than anybody can see. */
export class RunReports {
  numPreviews = 0
  private lastPreviewMs = Number.NEGATIVE_INFINITY
  private lastProgressMs = Number.NEGATIVE_INFINITY
  private readonly events: RunEvents
  private readonly labels: ModelManifest['labels']
  private readonly previewIntervalMs: number

  constructor(events: RunEvents, labels: ModelManifest['labels'], previewIntervalMs: number) {
    this.events = events
    this.labels = labels
    this.previewIntervalMs = previewIntervalMs
  }

  tileDone(clock: TileClock): void {
    const progress = clock.tileDone()
    const nowMs = performance.now()
    if (nowMs - this.lastProgressMs < PROGRESS_INTERVAL_MS && progress.tilesDone < progress.tilesTotal) return
    this.lastProgressMs = nowMs
    this.events.progress(progress)
  }

  /** Sends a preview; one that is still growing only when its time has come. */
  async preview(preview: PreviewBuilder, stage: PreviewHeader['stage']): Promise<void> {
    const nowMs = performance.now()
    const isDue = nowMs - this.lastPreviewMs >= this.previewIntervalMs
    if (stage === 'final_planes' && (!isDue || preview.coverage === 0)) return
    this.lastPreviewMs = nowMs
    const [header, payload] = await preview.snapshot(stage, this.labels)
    this.numPreviews++
    this.events.preview(header, payload)
  }
}
