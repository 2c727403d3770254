import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fakeServer, startRuns, until } from '../../build/test-support/fake-runs.ts'
import { mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import type { OpenedVolume } from '../../shared/contract/bridge.ts'
import { MAX_ENDED } from './run-folders.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-run-folders-'))
  file = path.join(folder, 'a.mrc')
  writeFileSync(file, mrcBytes({ body: new Uint8Array(2 * 7 * 5 * 3) }))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const results = () => readdirSync(path.join(folder, 'results')).sort()
const start = () => startRuns(fakeServer(), folder)
type Program = ReturnType<typeof start>

async function finishRun({ runs }: Program, batchRef: string | null = null): Promise<string> {
  const { run_ref } = runs.start({
    ...{ volumeRef: 'open', volumeName: 'a.mrc', file, mode0: null, serverPath: null, modelId: 'demo', params: {} },
    ...{ shapeZyx: null, batchRef, saveTo: null },
  })
  await until(() => expect(runs.view(run_ref).phase).toBe('completed'))
  return run_ref
}

async function finishRuns(program: Program, count: number): Promise<string[]> {
  const refs: string[] = []
  for (let i = 0; i < count; i++) refs.push(await finishRun(program))
  return refs
}

describe('the files of runs', () => {
  it('go with the oldest runs, but not with one that is on show or that corrections go back to', async () => {
    const program = start()
    program.neededRuns.mockResolvedValue(null)
    const refs = await finishRuns(program, MAX_ENDED + 3)
    await program.runs.volumeOpened({ volume_ref: 'again', mode0: null } as OpenedVolume, file)
    program.runs.wantShown(refs[0])
    program.neededRuns.mockResolvedValue(new Set([refs[1]]))
    await program.runs.tidy()
    const gone = refs[2]
    expect(program.onRemoved.mock.calls).toEqual([[gone]])
    expect(results()).toEqual(refs.filter((ref) => ref !== gone).sort())
    expect(program.runs.all.map(({ run_ref }) => run_ref)).toEqual(refs.filter((ref) => ref !== gone).reverse())
    program.runs.stop()
    expect(start().runs.all).toHaveLength(MAX_ENDED + 2)
  }, 60_000)

  it('go by themselves as new runs begin', async () => {
    const program = start()
    const refs = await finishRuns(program, MAX_ENDED + 2)
    // The last one counts once it has ended, when the next begins.
    await until(() => expect(results()).toEqual(refs.slice(1).sort()))
  }, 60_000)

  it('stay with a batch as long as one of it is among the newest', async () => {
    const program = start()
    const batch = [await finishRun(program, 'b'), await finishRun(program, 'b')]
    await finishRuns(program, MAX_ENDED - 1)
    await program.runs.tidy()
    expect(program.runs.batch('b').map(({ run_ref }) => run_ref)).toEqual(batch)
    await finishRun(program)
    await program.runs.tidy()
    expect(program.runs.isKnown(batch[0])).toBe(false)
    expect(results()).toHaveLength(MAX_ENDED)
  }, 60_000)

  it('stay while it cannot be told which of them corrections go back to', async () => {
    const program = start()
    program.neededRuns.mockResolvedValue(null)
    const refs = await finishRuns(program, MAX_ENDED + 2)
    await program.runs.tidy()
    expect(results()).toEqual(refs.sort())
  }, 60_000)

  it('go at the next start when no run has them', async () => {
    const before = start()
    const known = await finishRun(before)
    before.runs.stop()
    mkdirSync(path.join(folder, 'results', 'left-behind'))
    writeFileSync(path.join(folder, 'results', 'left-behind', 'probability.mrc'), '')
    await start().runs.tidy()
    expect(results()).toEqual([known])
  })

  it.each([
    ['cannot be read', () => '{"oh":'],
    ['has a run of a newer version', (text: string) => JSON.stringify([...JSON.parse(text), { view: 'new' }])],
  ])('stay when the list of runs %s, and that list is put aside', async (_name, harm) => {
    const before = start()
    await finishRun(before)
    before.runs.stop()
    const list = path.join(folder, 'runs.json')
    const harmed = harm(readFileSync(list, 'utf8'))
    writeFileSync(list, harmed)
    mkdirSync(path.join(folder, 'results', 'of-a-newer-version'))
    for (let round = 0; round < 2; round++) {
      const { runs } = start()
      await finishRun({ runs } as Program)
      await runs.tidy()
      runs.stop()
    }
    expect(existsSync(path.join(folder, 'results', 'of-a-newer-version'))).toBe(true)
    expect(results()).toHaveLength(4)
    expect(readFileSync(path.join(folder, 'runs-unreadable.json'), 'utf8')).toBe(harmed)
  })
})
