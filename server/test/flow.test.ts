import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { unpackPreview } from '../../shared/client/watch-job.ts'
import type { Artifact, Job } from '../../shared/contract/jobs.ts'
import type { LiveFrame, PreviewHeader } from '../../shared/contract/live.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { downsampleLabels } from '../../shared/mask/preview-rule.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { artifactsOn, createJobOn, EXPECTED, finishedOn, jobOn, SHAPE, VOXELS } from './job-calls.ts'
import { makeMrc } from './make-mrc.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, until, uploadAll } from './test-server.ts'
import { fakeThresholdNetwork, THRESHOLD, thresholdManifest } from './threshold-model.ts'

let server: TestServer
afterEach(() => server.stop())

async function start(onRun?: Parameters<typeof fakeThresholdNetwork>[0], change = {}) {
  const network = fakeThresholdNetwork(onRun)
  server = await makeTestServer({
    launcher: inProcessLauncher(network.createSession),
    manifest: thresholdManifest(),
    change,
  })
  return network
}

const createJob = (body: Record<string, unknown> = {}) => createJobOn(server, body)
const jobNow = (jobId: string) => jobOn(server, jobId)
const finished = (jobId: string) => finishedOn(server, jobId)
const artifactsOf = (jobId: string) => artifactsOn(server, jobId)

/** Everything that a watching client is sent until the channel closes. */
async function watch(
  jobId: string,
  query = '',
): Promise<{ frames: LiveFrame[]; previews: [PreviewHeader, Uint8Array][]; code: number }> {
  await server.app.ready()
  const frames: LiveFrame[] = []
  const previews: [PreviewHeader, Uint8Array][] = []
  return new Promise((resolve, reject) => {
    server.app
      .injectWS(
        `/ws/jobs/${jobId}${query}`,
        { headers: AUTH },
        {
          onInit: (socket: WebSocket) => {
            let header: PreviewHeader | null = null
            socket.on('message', (data, isBinary) => {
              if (isBinary && header) previews.push([header, new Uint8Array(data as Buffer)])
              else {
                const frame: LiveFrame = JSON.parse(String(data))
                frames.push(frame)
                if (frame.type === 'preview') header = frame.data
              }
            })
            socket.on('close', (code) => resolve({ frames, previews, code }))
          },
        },
      )
      .catch(reject)
  })
}

describe('from a volume to its mask', () => {
  it('gives a mask that equals the known function at every voxel, in every format, on the grid of the volume', async () => {
    await start()
    const job = await finished((await createJob()).job_id)
    expect(job.state, JSON.stringify(job.error)).toBe('completed')
    const bright = EXPECTED.reduce((sum, label) => sum + label, 0)
    expect(job.result?.labels).toEqual({ 0: EXPECTED.length - bright, 1: bright })
    expect(job.result?.mask_sha256).toBe(createHash('sha256').update(EXPECTED).digest('hex'))
    const artifacts = await artifactsOf(job.job_id)
    expect(artifacts.map((artifact) => artifact.name)).toEqual([
      'candidate.mrc',
      'mask.mrc',
      'mask.nii.gz',
      'mask.nrrd',
      'probability.mrc',
      'provenance.json',
      'stats.json',
    ])
    const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-masks-'))
    for (const artifact of artifacts.filter(({ name }) => name.startsWith('mask.'))) {
      const reply = await server.app.inject({ url: artifact.url })
      expect(createHash('sha256').update(reply.rawPayload).digest('hex')).toBe(artifact.sha256)
      const file = path.join(folder, artifact.name)
      await writeFile(file, reply.rawPayload)
      const mask = await openVolumeFile(file)
      expect(mask.header.shapeZyx).toEqual(SHAPE)
      expect(Array.from(await mask.readSlab(0, SHAPE[0]), Number)).toEqual([...EXPECTED])
      await mask.close()
      if (artifact.name === 'mask.mrc') {
        expect(mask.header.geometry).toMatchObject({ originAngstrom: [100, 200, 300] })
        for (const size of mask.header.voxelSizeZyx ?? []) expect(size).toBeCloseTo(13.48, 4)
      }
    }
    await rm(folder, { recursive: true })
  })

  it('gives the same bytes with and without mirroring, and for patches and steps that do not divide the volume', async () => {
    await start()
    for (const params of [
      { mirror_axes: ['z', 'y', 'x'] },
      { patch_zyx: [12, 8, 16], step: 0.7 },
      { patch_zyx: [32, 32, 32] },
    ]) {
      const job = await finished((await createJob({ params })).job_id)
      expect(job.result?.mask_sha256).toBe(createHash('sha256').update(EXPECTED).digest('hex'))
    }
  })

  it('writes statistics and provenance with hashes, parameters in effect and physical volumes', async () => {
    await start()
    const job = await finished((await createJob()).job_id)
    const read = async (name: string) => {
      const artifact = (await artifactsOf(job.job_id)).find((one) => one.name === name)
      return (await server.app.inject({ url: artifact?.url ?? '' })).json()
    }
    const statistics = await read('stats.json')
    const bright = statistics.labels.find((label: { value: number }) => label.value === 1)
    expect(bright.voxels).toBe(job.result?.labels[1])
    expect(bright.volume).toBeCloseTo(bright.voxels * 1.348 ** 3, 2)
    expect(statistics).toMatchObject({ volume_unit: 'nm3', area_unit: 'nm2', connectivity: 26, warnings: [] })
    expect(statistics.surface_method).toMatch(/^marching cubes/)
    expect(bright.surface_area).toBeGreaterThan(bright.volume ** (2 / 3))
    expect(bright.num_objects).toBe(bright.objects.length + bright.objects_left_out)
    expect(bright.objects.reduce((sum: number, one: { voxels: number }) => sum + one.voxels, 0)).toBe(bright.voxels)
    const [largest] = bright.objects
    for (const [axis, origin] of [100, 200, 300].entries())
      expect(largest.centroid_world_xyz[axis]).toBeCloseTo(origin + 13.48 * largest.centroid_zyx[2 - axis], 1)
    expect(statistics.labels[0]).not.toHaveProperty('objects')
    const provenance = await read('provenance.json')
    expect(provenance.input.sha256).toBe(createHash('sha256').update(makeMrc(VOXELS, SHAPE)).digest('hex'))
    expect(provenance.params).toMatchObject({ patch_zyx: [8, 8, 8], step: 0.5, mirror_axes: [], provider: 'cpu' })
    expect(provenance.mask.sha256).toBe(job.result?.mask_sha256)
  })
})

describe('a model that removes objects', () => {
  /** Two bright boxes and one bright voxel on a dark ground. */
  const voxels = new Float32Array(EXPECTED.length)
  const paint = (from: readonly number[], to: readonly number[]) => {
    for (let z = from[0]; z < to[0]; z++)
      for (let y = from[1]; y < to[1]; y++)
        for (let x = from[2]; x < to[2]; x++) voxels[(z * SHAPE[1] + y) * SHAPE[2] + x] = THRESHOLD + 5
  }
  paint([2, 2, 2], [8, 8, 9])
  paint([12, 3, 4], [15, 6, 8])
  paint([18, 10, 15], [19, 11, 16])

  it.each([
    ['keeps the largest', { keep_largest: [1], smallest_object_voxels: 0 }, 6 * 6 * 7],
    ['removes small ones', { keep_largest: [], smallest_object_voxels: 2 }, 6 * 6 * 7 + 3 * 3 * 4],
    ['leaves all when asked for nothing', { keep_largest: [], smallest_object_voxels: 0 }, 6 * 6 * 7 + 3 * 3 * 4 + 1],
  ])('%s, in the mask, the counts and the last preview', async (_what, postprocess, expected) => {
    const network = fakeThresholdNetwork()
    server = await makeTestServer({
      launcher: inProcessLauncher(network.createSession),
      manifest: thresholdManifest({ postprocess }),
    })
    const volume = await uploadAll(server, makeMrc(voxels, SHAPE))
    const payload = { volume_id: volume.volume_id, model: 'threshold', preview: { enabled: true, factor: 4 } }
    const job: Job = (await server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload })).json()
    const done = await finished(job.job_id)
    expect(done.result?.labels[1], JSON.stringify(done.error)).toBe(expected)
    const file = path.join(server.dataFolder, 'jobs', job.job_id, 'attempt-1/mask.mrc')
    const mask = await openVolumeFile(file)
    const labels = Uint8Array.from(await mask.readSlab(0, SHAPE[0]), Number)
    await mask.close()
    expect(labels.reduce((sum, label) => sum + label, 0)).toBe(expected)
    const { previews } = await watch(job.job_id)
    const last = await unpackPreview(...previews[previews.length - 1])
    expect([...last.voxels]).toEqual([...downsampleLabels(labels, SHAPE, 4)])
  })
})

describe('a model that crops to the non-zero box', () => {
  /** Noise in a box, zeros around it; every value of the noise is above zero. */
  const box = { from: [4, 2, 3], to: [17, 11, 16] } as const
  const cropped = VOXELS.map((value, i) => {
    const at = [Math.floor(i / (SHAPE[1] * SHAPE[2])), Math.floor(i / SHAPE[2]) % SHAPE[1], i % SHAPE[2]]
    return at.every((index, axis) => index >= box.from[axis] && index < box.to[axis]) ? value + 1 : 0
  })

  it.each([false, true])(
    'gives the known function inside and background outside, in place (all zero: %s)',
    async (isEmpty) => {
      const voxels = isEmpty ? new Float32Array(cropped.length) : cropped
      const network = fakeThresholdNetwork()
      server = await makeTestServer({
        launcher: inProcessLauncher(network.createSession),
        manifest: thresholdManifest({ crop: { nonzero: true } }),
      })
      const volume = await uploadAll(server, makeMrc(voxels, SHAPE))
      const payload = { volume_id: volume.volume_id, model: 'threshold', preview: { enabled: true, factor: 4 } }
      const job: Job = (await server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload })).json()
      const done = await finished(job.job_id)
      const expected = Uint8Array.from(voxels, (value) => (value > THRESHOLD ? 1 : 0))
      expect(done.result?.mask_sha256, JSON.stringify(done.error)).toBe(
        createHash('sha256').update(expected).digest('hex'),
      )
      // Starts of 13 × 9 × 13 voxels with patch 8 and step 0.5: 3 × 2 × 3 tiles, where the whole volume takes 5 × 3 × 4.
      if (!isEmpty) expect(done.result?.tiles).toBe(3 * 2 * 3)
      const { previews } = await watch(job.job_id)
      expect([...(await unpackPreview(...previews[previews.length - 1])).voxels]).toEqual([
        ...downsampleLabels(expected, SHAPE, 4),
      ])
    },
  )
})

describe('artifact downloads', () => {
  it('take ranges that put together give the file, know their hash, and need no token', async () => {
    await start()
    const job = await finished((await createJob()).job_id)
    const mask = (await artifactsOf(job.job_id)).find(({ name }) => name === 'mask.mrc') as Artifact
    const whole = await server.app.inject({ url: mask.url })
    expect(whole.statusCode).toBe(200)
    expect(whole.headers.etag).toBe(`"${mask.sha256}"`)
    const parts = await Promise.all(
      ['bytes=0-999', `bytes=1000-${mask.size_bytes - 1}`].map((range) =>
        server.app.inject({ url: mask.url, headers: { range } }),
      ),
    )
    expect(parts.map((part) => part.statusCode)).toEqual([206, 206])
    expect(parts[1].headers['content-range']).toBe(`bytes 1000-${mask.size_bytes - 1}/${mask.size_bytes}`)
    expect(Buffer.compare(Buffer.concat(parts.map((part) => part.rawPayload)), whole.rawPayload)).toBe(0)
    const beyond = await server.app.inject({ url: mask.url, headers: { range: `bytes=${mask.size_bytes}-` } })
    expect(beyond.json().code).toBe('range_not_satisfiable')
    const changed = await server.app.inject({ url: mask.url, headers: { range: 'bytes=0-9', 'if-range': '"other"' } })
    expect(changed.statusCode).toBe(200)
    expect(
      (await server.app.inject({ url: mask.url, headers: { 'if-none-match': `"${mask.sha256}"` } })).statusCode,
    ).toBe(304)
    expect((await server.app.inject({ url: mask.url.replace('mask.mrc', 'mask.nrrd') })).json().code).toBe(
      'signature_invalid',
    )
  })

  it('go when a finished job is deleted', async () => {
    await start()
    const job = await finished((await createJob()).job_id)
    const [mask] = await artifactsOf(job.job_id)
    await server.app.inject({ method: 'DELETE', url: `/v1/jobs/${job.job_id}`, headers: AUTH })
    expect(await artifactsOf(job.job_id)).toEqual([])
    expect((await server.app.inject({ url: mask.url })).json().code).toBe('artifact_not_found')
  })
})

describe('live channel', () => {
  it('sends previews whose computed blocks equal the downsampled final mask, bit for bit', async () => {
    // Slow tiles, so that the client is there from the start.
    await start(() => new Promise((resolve) => setTimeout(resolve, 1)))
    const { job_id } = await createJob()
    const { frames, previews, code } = await watch(job_id)
    expect(code).toBe(1000)
    const whole = downsampleLabels(EXPECTED, SHAPE, 4)
    expect(previews.length).toBeGreaterThan(2)
    for (const [header, payload] of previews) {
      const { voxels } = await unpackPreview(header, payload)
      expect(header.shape_zyx).toEqual([6, 4, 5])
      const computed = [...voxels].map((label, i) => (label === 255 ? 255 : whole[i]))
      expect([...voxels]).toEqual(computed)
      const share = [...voxels].filter((label) => label !== 255).length / voxels.length
      expect(header.coverage).toBeCloseTo(share, 10)
    }
    expect(previews[0][0].stage).toBe('final_planes')
    expect(previews[0][0].coverage).toBeLessThan(1)
    const last = previews[previews.length - 1]
    expect(last[0]).toMatchObject({ stage: 'postprocessed', coverage: 1 })
    expect([...(await unpackPreview(...last)).voxels]).toEqual([...whole])
    const seqs = frames.filter((frame) => frame.type !== 'ping').map((frame) => frame.seq)
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
    expect(frames.at(-1)?.type).toBe('completed')
  })

  it('replays what was missed since a sequence number, and the newest preview, to a client that comes back', async () => {
    await start()
    const { job_id } = await createJob()
    await finished(job_id)
    const all = await watch(job_id)
    expect(all.frames.map((frame) => frame.type)).toContain('completed')
    expect(all.previews.length).toBe(1)
    const middle = all.frames[Math.floor(all.frames.length / 2)].seq
    const rest = await watch(job_id, `?since=${middle}`)
    expect(rest.frames).toEqual(all.frames.filter((frame) => frame.seq > middle))
  })

  it('puts the payload into the text frame for clients that ask for base64', async () => {
    await start()
    const { job_id } = await createJob()
    await finished(job_id)
    const { frames, previews } = await watch(job_id, '?encoding=base64')
    expect(previews).toEqual([])
    const preview = frames.find((frame) => frame.type === 'preview')
    const payload = Buffer.from(preview?.type === 'preview' ? (preview.data.payload ?? '') : '', 'base64')
    expect(preview?.type === 'preview' && (await unpackPreview(preview.data, payload)).voxels.length).toBe(6 * 4 * 5)
  })

  it('refuses a stranger and an unknown job before the upgrade', async () => {
    await start()
    await server.app.ready()
    const unknown = '00000000-0000-7000-8000-000000000000'
    await expect(server.app.injectWS(`/ws/jobs/${unknown}`, { headers: AUTH })).rejects.toThrow('404')
    await expect(server.app.injectWS(`/ws/jobs/${unknown}`, {})).rejects.toThrow('401')
  })
})

describe('trouble', () => {
  it('cancels a running job at the next tile and leaves no files', async () => {
    await start(() => new Promise((resolve) => setTimeout(resolve, 20)))
    const { job_id } = await createJob()
    await until(async () => (await jobNow(job_id)).progress.tiles_done > 0)
    await server.app.inject({ method: 'DELETE', url: `/v1/jobs/${job_id}`, headers: AUTH })
    expect((await finished(job_id)).state).toBe('canceled')
    expect(await artifactsOf(job_id)).toEqual([])
  })

  it('fails a job whose network fails, says why, and runs the next one', async () => {
    let isBroken = true
    await start(() => {
      if (isBroken) throw new Error('broken network')
    })
    const failed = await finished((await createJob()).job_id)
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'internal' } })
    expect(failed.error?.message).not.toContain('broken network')
    isBroken = false
    const retried = await server.app.inject({ method: 'POST', url: `/v1/jobs/${failed.job_id}/retry`, headers: AUTH })
    expect(retried.json()).toMatchObject({ job_id: failed.job_id, attempt: 2 })
    expect((await finished(failed.job_id)).state).toBe('completed')
  })

  it('queues a job again once when its worker is lost, then fails it with the reason', async () => {
    const dead = {
      launch: async () => ({
        send: () => undefined,
        onMessage: () => undefined,
        onExit: exitSoon,
        kill: () => undefined,
      }),
    }
    server = await makeTestServer({ launcher: dead, manifest: thresholdManifest() })
    const job = await finished((await createJob()).job_id)
    expect(job).toMatchObject({ state: 'failed', attempt: 2, error: { code: 'worker_lost', retryable: true } })
    expect(job.error?.message).toContain('killed by SIGKILL')
  })

  it('ends a worker that hangs, tries again, then fails the job with the reason', async () => {
    let numKilled = 0
    const hanging = {
      launch: async () => {
        const exits: ((exit: { reason: string; lastLines: string }) => void)[] = []
        return {
          send: () => undefined,
          onMessage: () => undefined,
          onExit: (listener: (typeof exits)[number]) => void exits.push(listener),
          kill: () => {
            numKilled++
            for (const listener of exits) listener({ reason: 'killed by SIGKILL', lastLines: '' })
          },
        }
      },
    }
    server = await makeTestServer({ launcher: hanging, manifest: thresholdManifest(), change: { hangSeconds: 0.2 } })
    const job = await finished((await createJob()).job_id)
    expect(job).toMatchObject({ state: 'failed', attempt: 2, error: { code: 'worker_lost' } })
    expect(job.error?.message).toContain('no sign of life')
    expect(numKilled).toBe(2)
  })

  it('takes smaller tiles where the network runs out of memory, and says so', async () => {
    const oom = new DomainError('out_of_memory', { neededBytes: 123456789, freeBytes: 4096 })
    const sizes: number[] = []
    const network = fakeThresholdNetwork()
    const launcher = inProcessLauncher(async (request) => {
      const session = await network.createSession(request)
      return {
        ...session,
        run: (input: Float32Array, shape: readonly number[]) => {
          sizes.push(input.length)
          if (input.length > 32 ** 3) return Promise.reject(oom)
          return session.run(input, shape)
        },
      }
    })
    server = await makeTestServer({ launcher, manifest: thresholdManifest() })
    const job = await finished((await createJob({ params: { patch_zyx: [32, 64, 128] } })).job_id)
    expect(job.state, JSON.stringify(job.error)).toBe('completed')
    expect(job.params.patch_zyx).toEqual([32, 64, 128])
    expect(job.effective_params?.patch_zyx).toEqual([32, 32, 32])
    expect(job.warnings.filter(({ code }) => code === 'patch_reduced')).toHaveLength(3)
    const provenance = (await artifactsOf(job.job_id)).find(({ name }) => name === 'provenance.json') as Artifact
    const written = (await server.app.inject({ url: provenance.url })).json()
    expect(written.params.patch_zyx).toEqual([32, 32, 32])
    expect(written.warnings.filter(({ code }: { code: string }) => code === 'patch_reduced')).toHaveLength(3)
    expect(job.result?.mask_sha256).toBe(createHash('sha256').update(EXPECTED).digest('hex'))
    const failed = await finished((await createJob({ params: { patch_zyx: [36, 36, 36] } })).job_id)
    expect(failed.error).toMatchObject({ code: 'out_of_memory' })
    expect(failed.error?.message).toMatch(/asked for 123456789 bytes.* 4096 bytes of the computer's memory are free/)
  })

  it.each([
    [{ model: 'nothing' }, 404, 'model_not_found'],
    [{ params: { patch_zyx: [10, 8, 8] } }, 422, 'patch_not_divisible'],
    [{ params: { step: 0 } }, 400, 'request_invalid'],
    [{ params: { colour: 1 } }, 400, 'request_invalid'],
    [{ volume_id: '00000000-0000-7000-8000-000000000000' }, 404, 'volume_not_found'],
  ])('refuses a job with %j', async (change, status, code) => {
    await start()
    const volume = await uploadAll(server, makeMrc(VOXELS, SHAPE))
    const payload = { volume_id: volume.volume_id, model: 'threshold', ...change }
    const reply = await server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload })
    expect(reply.statusCode).toBe(status)
    expect(reply.headers['content-type']).toContain('application/problem+json')
    expect(reply.json()).toMatchObject({
      code,
      status,
      message: expect.any(String),
      hint: expect.any(String),
      retryable: expect.any(Boolean),
    })
  })
})

function exitSoon(listener: (exit: { reason: string; lastLines: string }) => void): void {
  setTimeout(() => listener({ reason: 'killed by SIGKILL', lastLines: '' }), 5)
}
