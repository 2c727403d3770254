import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { build } from 'vite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DOT_VOLUME, dotNumber } from '../../../build/test-support/dot-number.ts'
import { int16Bytes, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { KeptMasks } from './kept-masks.ts'
import { MaskSession } from './mask-session.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-killed-'))
const [NX, NY, NZ] = DOT_VOLUME
const NUM_VOXELS = NX * NY * NZ
/** A few dots: most of the time goes into writing snapshots. */
const LONGEST_BYTES = 1000
const volume = path.join(folder, 'volume.mrc')
const mask = path.join(folder, 'mask.mrc')

beforeAll(async () => {
  const write = (file: string, value: (i: number) => number) =>
    writeFileSync(
      file,
      mrcBytes({ n: [NX, NY, NZ], body: int16Bytes(Array.from({ length: NUM_VOXELS }, (_, i) => value(i))) }),
    )
  write(volume, () => 0)
  write(mask, (i) => (i < 300 ? 1 + (i % 3) : 0))
  await build({
    root: ROOT,
    logLevel: 'error',
    configFile: false,
    ssr: { noExternal: true },
    build: {
      ssr: 'build/test-support/correct-until-killed.ts',
      outDir: path.join(folder, 'program'),
      target: 'node20',
    },
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the program, kills it after some answers and a while. @returns the last answered change, and its snapshot */
function killedAfter(keptFolder: string, numAnswers: number, waitMs: number): Promise<[number, number]> {
  const [entry] = readdirSync(path.join(folder, 'program')).filter((name) => /^correct-until-killed\.m?js$/.test(name))
  const program = path.join(folder, 'program', entry)
  const child = spawn(process.execPath, [program, keptFolder, volume, mask, String(LONGEST_BYTES)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const hadEnough = text.split('\n').length > numAnswers
    text += chunk
    if (!hadEnough && text.split('\n').length > numAnswers) setTimeout(() => child.kill('SIGKILL'), waitMs)
  })
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => {
      const last = text.split('\n').at(-2)
      if (code !== null || !last) reject(new Error(`it ended with ${code} after: ${text.slice(-200)}`))
      else resolve(last.split(' ').map(Number) as [number, number])
    })
  })
}

it('loses no answered change however often the program is killed while the journal begins anew', async () => {
  const keptFolder = path.join(folder, 'kept')
  let newestSnapshot = 0
  let expected: number[] = []
  let numDrawn = 0
  for (const [round, waitMs] of [0, 3, 7, 1, 11, 5, 2, 9].entries()) {
    const [answered, snapshot] = await killedAfter(keptFolder, 12 + 7 * round, waitMs)
    newestSnapshot = Math.max(newestSnapshot, snapshot)
    const kept = new KeptMasks(keptFolder, LONGEST_BYTES)
    const [offered] = (await kept.list(null)).kept
    const session = await MaskSession.recover(kept, 'm', { volume_ref: 'v', name: 'v.mrc', file: volume, mode0: null })
    const found = session.view().num_operations
    expect(offered.kept.num_operations).toBe(found)
    // One more may be on disk than was answered.
    expect([answered, answered + 1]).toContain(found)
    if (expected.length === 0) expected = [...session.beginning.readBox([0, 0, 0], [NZ, NY, NX])]
    for (; numDrawn < found; numDrawn++) draw(expected, numDrawn)
    expect(Buffer.from(session.editor.bricks.readBox([0, 0, 0], [NZ, NY, NX]).buffer)).toEqual(
      Buffer.from(Uint16Array.from(expected).buffer),
    )
    await session.close(false)
  }
  expect(newestSnapshot).toBeGreaterThan(5)
})

function draw(voxels: number[], i: number): void {
  const dot = dotNumber(i)
  if (dot.kind !== 'brush') throw new Error('not a dot')
  const [[x, y, z]] = dot.path_xyz
  voxels[(z * NY + y) * NX + x] = dot.label
}
