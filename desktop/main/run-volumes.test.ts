import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fakeServer, startRuns, until } from '../../build/test-support/fake-runs.ts'
import { int16Bytes, mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import type { OpenedVolume } from '../../shared/contract/bridge.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-run-volumes-'))
  file = path.join(folder, 'a.mrc')
  reconstruct(1)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

let numWritten = 0
/** Writes the file anew, as a program of another day does: one shape, other voxels. */
function reconstruct(value: number): void {
  writeFileSync(file, mrcBytes({ body: int16Bytes(new Array(7 * 5 * 3).fill(value)) }))
  touch()
}
function touch(): void {
  utimesSync(file, new Date(), new Date(Date.now() + ++numWritten * 60_000))
}

const opened = (volume_ref: string) => ({ volume_ref, mode0: null }) as OpenedVolume
const order = (volumeRef: string) => ({
  ...{ volumeRef, volumeName: 'a.mrc', file, mode0: null, serverPath: null, modelId: 'demo', params: {} },
  ...{ shapeZyx: null, batchRef: null, saveTo: null },
})

/** A start of the program in which one run over the file has finished. */
async function withFinishedRun() {
  const program = startRuns(fakeServer(), folder)
  await program.runs.volumeOpened(opened('first'), file)
  const { run_ref } = program.runs.start(order('first'))
  await until(() => expect(program.runs.view(run_ref).phase).toBe('completed'))
  program.runs.stop()
  return run_ref
}

/** Makes the kept run one of a version that noted nothing of its file. */
function forgetIdentity(): void {
  const stored = path.join(folder, 'runs.json')
  const runs = JSON.parse(readFileSync(stored, 'utf8'))
  for (const run of runs) delete run.identity
  writeFileSync(stored, JSON.stringify(runs))
}

describe('a finished run', () => {
  it('is laid over its file again when that was only touched', async () => {
    const runRef = await withFinishedRun()
    touch()
    const { runs, volumes, onProblem } = startRuns(fakeServer(), folder)
    await runs.volumeOpened(opened('again'), file)
    expect(volumes.showMask).toHaveBeenCalledWith('again', runRef, expect.stringContaining(runRef))
    expect(onProblem).not.toHaveBeenCalled()
  })

  it('is not laid over another volume of the same path and shape, and that is said', async () => {
    const runRef = await withFinishedRun()
    reconstruct(2)
    const { runs, volumes, onProblem, onShown } = startRuns(fakeServer(), folder)
    await runs.volumeOpened(opened('again'), file)
    expect(volumes.showMask).not.toHaveBeenCalled()
    expect(onShown).toHaveBeenLastCalledWith(null)
    expect(onProblem).toHaveBeenCalledTimes(1)
    expect(onProblem.mock.calls[0][0].toEnvelope()).toMatchObject({
      code: 'run_volume_changed',
      message: 'a.mrc has changed since Demo ran on it: the mask of that run is not laid over it.',
    })
    expect(runs.view(runRef)).toMatchObject({ volume_ref: 'first', volume_doubt: 'changed' })
    expect(() => runs.wantShown(runRef)).toThrow(expect.objectContaining({ code: 'run_volume_changed' }))
    expect(volumes.showMask).not.toHaveBeenCalled()
  })

  it('gives way to a run of the volume as it is now, without a word', async () => {
    const before = await withFinishedRun()
    reconstruct(2)
    const now = await withFinishedRun()
    const { runs, volumes, onProblem } = startRuns(fakeServer(), folder)
    await runs.volumeOpened(opened('again'), file)
    expect(volumes.showMask).toHaveBeenCalledTimes(1)
    expect(volumes.showMask).toHaveBeenCalledWith('again', now, expect.any(String))
    expect(onProblem).not.toHaveBeenCalled()
    expect(runs.view(before).volume_doubt).toBe('changed')
  })

  it('is laid over its file once that is back as it was', async () => {
    const runRef = await withFinishedRun()
    reconstruct(2)
    const { runs, volumes } = startRuns(fakeServer(), folder)
    await runs.volumeOpened(opened('other'), file)
    reconstruct(1)
    await runs.volumeOpened(opened('again'), file)
    expect(volumes.showMask).toHaveBeenCalledWith('again', runRef, expect.any(String))
    expect(runs.view(runRef).volume_doubt).toBeUndefined()
  })

  it('that noted nothing of its file is shown only once the user was told and says so', async () => {
    const runRef = await withFinishedRun()
    forgetIdentity()
    const { runs, volumes, onProblem } = startRuns(fakeServer(), folder)
    await runs.volumeOpened(opened('again'), file)
    expect(volumes.showMask).not.toHaveBeenCalled()
    expect(onProblem.mock.calls.map(([error]) => error.code)).toEqual(['run_volume_unknown'])
    expect(runs.wantShown(runRef)).toBeNull()
    await until(() => expect(volumes.showMask).toHaveBeenCalledWith('again', runRef, expect.any(String)))
    await until(() => expect(readFileSync(path.join(folder, 'runs.json'), 'utf8')).toContain('samples_sha256'))
    runs.stop()

    const next = startRuns(fakeServer(), folder)
    await next.runs.volumeOpened(opened('later'), file)
    expect(next.volumes.showMask).toHaveBeenCalledTimes(1)
    expect(next.onProblem).not.toHaveBeenCalled()
  })

  it('that noted nothing and is asked for before its file is open is told of first', async () => {
    const runRef = await withFinishedRun()
    forgetIdentity()
    const { runs, volumes, onProblem } = startRuns(fakeServer(), folder)
    expect(runs.wantShown(runRef)).toEqual({ file, mode0: null })
    await runs.volumeOpened(opened('again'), file)
    expect(onProblem).toHaveBeenCalledTimes(1)
    expect(volumes.showMask).not.toHaveBeenCalled()
  })

  it('is said not to be over the volume where its mask cannot be shown there', async () => {
    await withFinishedRun()
    const { runs, volumes, onProblem, onShown } = startRuns(fakeServer(), folder)
    const differs = new DomainError('mask_grid_differs', { name: 'mask.mrc', reason: 'it has another shape' })
    volumes.showMask.mockRejectedValueOnce(differs)
    await runs.volumeOpened(opened('again'), file)
    expect(onProblem).toHaveBeenCalledWith(differs)
    expect(onShown).toHaveBeenLastCalledWith(null)
    expect(runs.shown).toBeNull()
  })
})
