import { afterEach, describe, expect, it } from 'vitest'
import type { Artifact, Job } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { artifactsOn, finishedOn } from './job-calls.ts'
import { makeMrc, makeVoxels } from './make-mrc.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, uploadAll } from './test-server.ts'
import { fakeThresholdNetwork, THRESHOLD, thresholdManifest } from './threshold-model.ts'

let server: TestServer
afterEach(() => server.stop())

const SHAPE = [10, 16, 20] as const
const NUM_VOXELS = 10 * 16 * 20

interface Case {
  voxels?: Float32Array
  /** 0: the file does not tell its size. */
  voxelAngstrom?: number
  spacing?: ModelManifest['spacing']
}

async function run({ voxels = makeVoxels(SHAPE), voxelAngstrom = 13.48, spacing }: Case): Promise<Job> {
  const manifest = thresholdManifest(spacing ? { spacing } : {})
  server = await makeTestServer({ launcher: inProcessLauncher(fakeThresholdNetwork().createSession), manifest })
  const { volume_id } = await uploadAll(server, makeMrc(voxels, SHAPE, voxelAngstrom))
  const payload = { volume_id, model: 'threshold' }
  const reply = await server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload })
  expect(reply.statusCode, reply.body).toBe(202)
  return finishedOn(server, reply.json().job_id)
}

/** Ordinary voxels with these instead of the first ones. */
function withFirst(...values: number[]): Float32Array {
  const voxels = makeVoxels(SHAPE)
  voxels.set(values)
  return voxels
}

const spacing = (policy: ModelManifest['spacing']['policy'], angstrom: number): ModelManifest['spacing'] => ({
  target_zyx: [angstrom, angstrom, angstrom],
  unit: 'angstrom',
  policy,
})

describe('a job over an unusual volume', () => {
  it.each<[string, Case, RegExp]>([
    [
      'voxels_not_finite',
      { voxels: withFirst(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
      /^3 voxels are NaN or infinite/,
    ],
    ['volume_constant', { voxels: new Float32Array(NUM_VOXELS).fill(0.1) }, /the same value/],
    [
      'spacing_differs',
      { spacing: spacing('warn', 10) },
      /^Voxels are 13\.48 × 13\.48 × 13\.48 angstrom.*10 × 10 × 10/,
    ],
    [
      'volume_resampled',
      { spacing: spacing('resample', 10) },
      /the network ran at 10 × 10 × 10 .* on 13 × 22 × 27 voxels/,
    ],
    ['voxel_size_unknown', { voxelAngstrom: 0, spacing: spacing('warn', 10) }, /unknown.*used as it is/],
    ['voxel_size_unknown', { voxelAngstrom: 0, spacing: spacing('resample', 10) }, /unknown.*used as it is/],
  ])('is finished and says %s, in the job and in its provenance', async (code, asked, message) => {
    const job = await run(asked)
    expect(job.state, JSON.stringify(job.error)).toBe('completed')
    const said = (warnings: Job['warnings']) => warnings.filter((one) => one.code === code && message.test(one.message))
    expect(said(job.warnings), JSON.stringify(job.warnings)).not.toEqual([])
    const provenance = (await artifactsOn(server, job.job_id)).find(
      ({ name }) => name === 'provenance.json',
    ) as Artifact
    expect(said((await server.app.inject({ url: provenance.url })).json().warnings)).not.toEqual([])
  })

  it.each<[string, Case]>([
    ['finite, varied, of no size that matters', { voxelAngstrom: 0 }],
    ['of about the size that the model expects', { spacing: spacing('warn', 13) }],
    ['of the very size that it is resampled to', { spacing: spacing('resample', 13.48) }],
  ])('says nothing of the kind of one that is %s', async (_what, asked) => {
    const job = await run(asked)
    expect(job.state).toBe('completed')
    const codes = job.warnings.map(({ code }) => code)
    const unusual = ['voxels_not_finite', 'volume_constant', 'spacing_differs', 'volume_resampled']
    expect(codes.filter((code) => unusual.includes(code))).toEqual([])
    if (asked.voxelAngstrom !== 0) expect(codes).not.toContain('voxel_size_unknown')
  })

  it('takes the mean of the others for what is not finite', async () => {
    const bright = new Float32Array(NUM_VOXELS).fill(THRESHOLD + 5)
    bright.set([Number.NaN, 0, 0])
    const job = await run({ voxels: bright })
    expect(job.result?.labels).toEqual({ 0: 2, 1: NUM_VOXELS - 2 })
  })

  it('is refused with the share where too much is not finite', async () => {
    const voxels = makeVoxels(SHAPE)
    voxels.fill(Number.NaN, 0, NUM_VOXELS / 5)
    expect(await run({ voxels })).toMatchObject({
      state: 'failed',
      error: { code: 'volume_not_finite', message: expect.stringContaining('20.0') },
    })
  })
})
