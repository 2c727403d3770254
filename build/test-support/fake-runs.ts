import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { vi } from 'vitest'
import { RunStore } from '../../desktop/main/run-store.ts'
import { Runs } from '../../desktop/main/runs.ts'
import type { CryoMambaClient } from '../../shared/client/api.ts'
import { createUploadStore } from '../../shared/client/upload-store-files.ts'
import type { Connection } from '../../shared/contract/bridge.ts'
import type { Job } from '../../shared/contract/jobs.ts'

const MODEL = { id: 'demo', name: 'Demo', labels: [{ value: 1, name: 'membrane', color: '#00ff00' }] }
const connection = { kind: 'server', url: 'http://s:1', models: [MODEL] } as unknown as Connection
export const VOLUME = { volume_id: 'v', shape_zyx: [2, 3, 4], voxel_size_zyx: [1, 1, 1], unit: 'nm' }

const RESULT = {
  ...{ seconds: 1, tiles: 1, forwards: 1, previews: 0, labels: { 1: 7 } },
  ...{ mask_sha256: 'a'.repeat(64), mask_dtype: 'uint8' },
}

export const job = (state: Job['state'], id = 'j1') =>
  ({
    ...{ job_id: id, state, attempt: 1, warnings: [], error: null },
    progress: {
      ...{ tiles_done: 0, tiles_total: 1, tiles_per_second: null, seconds_left: null },
      ...{ queue_position: null, estimated_start: null },
    },
    result: state === 'completed' ? RESULT : null,
  }) as unknown as Job

/** A server that behaves as it is told; what is asked of it is counted. */
export function fakeServer(change: object = {}) {
  const client = {
    info: vi.fn(async () => ({})),
    upload: vi.fn(async () => VOLUME),
    volumeFromPath: vi.fn(async () => VOLUME),
    createJob: vi.fn(async () => job('queued')),
    job: vi.fn(async () => job('running')),
    retryJob: vi.fn(async () => job('queued')),
    pauseJob: vi.fn(async () => job('running')),
    resumeJob: vi.fn(async () => ({ ...job('queued'), attempt: 2 })),
    cancelJob: vi.fn(async () => job('canceled')),
    watchJob: vi.fn(async () => job('completed')),
    artifacts: vi.fn(async () => [{ name: 'mask.mrc' }]),
    downloadArtifact: vi.fn(async (_artifact: unknown, to: string) => writeFileSync(to, 'mask')),
    ...change,
  }
  return client as typeof client & CryoMambaClient
}

/** The runs of a program whose settings are in a folder, over a window that is only told. */
export function startRuns(client: CryoMambaClient, folder: string) {
  let numRefs = 0
  const volumes = { showMask: vi.fn(), showPreview: vi.fn(), clearLabels: vi.fn() }
  for (const mock of Object.values(volumes)) mock.mockResolvedValue(undefined)
  const told = { onChange: vi.fn(), onRemoved: vi.fn(), onShown: vi.fn(), onProblem: vi.fn(), onEnded: vi.fn() }
  const neededRuns = vi.fn(async (): Promise<ReadonlySet<string> | null> => new Set())
  const runs = new Runs({
    current: () => ({ client, connection }),
    clientFor: async () => client,
    volumes,
    store: new RunStore(folder),
    uploads: createUploadStore(path.join(folder, 'uploads'), () => undefined),
    resultsFolder: path.join(folder, 'results'),
    ...told,
    neededRuns,
    newRef: () => `ref-${Date.now()}-${++numRefs}`,
  })
  return { runs, volumes, neededRuns, ...told }
}

export const phases = (runs: Runs) => runs.all.map(({ phase }) => phase)
export const until = (check: () => void) => vi.waitFor(check, 5000)
