import type { VolumeWarning } from '../../shared/volume/header.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import type { Axes } from './axis-order.ts'
import { planDraft, ScratchTiles } from './draft.ts'
import type { JobDescription } from './messages.ts'
import { PreviewBuilder } from './preview-builder.ts'
import type { RunReports } from './run-reports.ts'
import type { FinishedPlane, Segmenter } from './segmenter.ts'

/** What a draft needs of the run that it goes before. */
export interface DraftPass {
  job: Pick<JobDescription, 'model' | 'params' | 'outFolder'>
  segmenter: Segmenter
  reports: RunReports
  /** Of the volume, in the order of the run. */
  shape: Zyx
  dtype: 'uint8' | 'uint16'
  /** As `PlaneWriter` takes it. */
  ofFile: Axes
  tileDone: (isNew: boolean) => void
}

/** Where a draft kept the outputs of its tiles, or why there was none. */
export type DraftOutcome = { store: ScratchTiles; warning: null } | { store: null; warning: VolumeWarning }

/** Runs about every second tile along each axis for a preview of the whole volume, and keeps their outputs. */
export async function runDraft(pass: DraftPass): Promise<DraftOutcome> {
  const { job, segmenter, reports, shape, dtype, ofFile, tileDone } = pass
  const { grid, patch } = segmenter.plan
  const outputLength = job.model.manifest.output.channels * numVoxels(patch)
  const { preview_factor: previewFactor, threshold } = job.params
  const draft = await planDraft({ grid, patch, previewFactor, folder: job.outFolder, outputLength })
  if (!draft.starts) return { store: null, warning: { code: 'draft_skipped', message: draft.reason } }
  const { starts } = draft
  const store = await ScratchTiles.create(job.outFolder, outputLength)
  try {
    const preview = new PreviewBuilder(shape, draft.previewFactor, dtype, ofFile)
    const plane = async ({ labels }: FinishedPlane) => preview.add(labels)
    // A threshold is one of probabilities: they are made, though not kept.
    const needsProbability = threshold !== undefined
    await segmenter.pass(needsProbability, { tileDone, plane, rowDone: async () => undefined }, { starts, store })
    store.complete()
    await reports.preview(preview, 'draft')
    return { store, warning: null }
  } catch (error) {
    await store.close()
    throw error
  }
}
