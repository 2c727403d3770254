import { describe, expect, it } from 'vitest'
import { type NetworkFacts, NO_FACTS } from '../inference/network-facts.ts'
import { thresholdManifest } from '../test/threshold-model.ts'
import type { JobRecord } from './job-repository.ts'
import type { JobService } from './job-service.ts'
import { prepareRun } from './prepare-run.ts'

const manifest = thresholdManifest()
const volume = { path: '/a.mrc', filename: 'a.mrc', sha256: '', header: { shapeZyx: [64, 64, 64] } }

/** What a worker is told of a job that was queued like this. */
async function told(queued: Partial<JobRecord>, network: Partial<NetworkFacts> = {}) {
  const service = {
    needs: {
      models: { get: () => ({ manifest, folder: '/model', manifestSha256: '', network: { ...NO_FACTS, ...network } }) },
      volumes: { get: async () => volume },
      config: { threads: 1, previewSeconds: 1, blendThreads: 0 },
    },
    moves: { attemptFolder: () => '/out' },
    cacheFolder: () => '/cache',
  } as unknown as JobService
  const job = { jobId: 'a', attempt: 1, moreVolumeIds: [], preview: { enabled: false }, params: {}, ...queued }
  const slot = { deviceId: 'cpu', provider: 'cpu', env: {} }
  const { params, earlierWarnings } = await prepareRun(service, job as unknown as JobRecord, slot, 'test')
  return { batch: params.batch ?? 1, spill: params.spill ?? false, warnings: earlierWarnings?.map(({ code }) => code) }
}

describe('a worker is told', () => {
  const planned = (most_tiles_at_once?: number) => ({ most_tiles_at_once }) as JobRecord['memory']

  it('of as many tiles at once as were planned, with a warning where more were asked for', async () => {
    const quiet = { spill: false, warnings: undefined }
    expect(await told({ params: { batch: 8 } })).toEqual({ batch: 8, ...quiet })
    const warnings = ['batch_reduced']
    expect(await told({ params: { batch: 8 }, memory: planned(2) })).toEqual({ batch: 2, spill: false, warnings })
    expect(await told({ params: { batch: 8 }, memory: planned(1) })).toEqual({ batch: 1, spill: false, warnings })
  })

  it('of as many as the network takes, with a warning where another number was asked for', async () => {
    const warnings = ['batch_fixed']
    expect(await told({ params: { batch: 8 } }, { tilesPerRun: 3 })).toEqual({ batch: 3, spill: false, warnings })
    expect(await told({}, { tilesPerRun: 3 })).toEqual({ batch: 3, spill: false, warnings: undefined })
  })
})
