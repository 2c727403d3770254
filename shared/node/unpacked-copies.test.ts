import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { codeOf, int16Bytes, mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { UnpackedCopies } from './unpacked-copies.ts'
import { openVolumeFile } from './volume-file.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-copies-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let counter = 0

const VOXELS = 7 * 5 * 3
const COPY_BYTES = 1024 + 2 * VOXELS

function packed(first: number): string {
  const file = path.join(folder, `${++counter}.mrc.gz`)
  const values = Array.from({ length: VOXELS }, (_, i) => first + i)
  writeFileSync(file, gzipSync(mrcBytes({ cell: [70, 100, 90], body: int16Bytes(values) })))
  return file
}

const newFolder = () => path.join(folder, `copies-${++counter}`)
const entries = (copies: string) => readdirSync(copies).sort()
const madeAt = (copies: string) => entries(copies).map((name) => statSync(path.join(copies, name, 'volume')).mtimeMs)

/** First and last voxel. */
async function read(file: string, copies: string, mostBytes = 1e6): Promise<number[]> {
  const source = await openVolumeFile(file, { copies: new UnpackedCopies(copies, mostBytes) })
  const voxels = await source.readSlab(0, 3)
  await source.close()
  return [Number(voxels[0]), Number(voxels[VOXELS - 1])]
}

/** As if nobody had used or made a copy for an hour. */
function grownOld(copies: string): void {
  for (const name of entries(copies))
    for (const part of ['volume', 'copy.json', '.'])
      try {
        utimesSync(path.join(copies, name, part), Date.now() / 1000 - 3600, Date.now() / 1000 - 3600)
      } catch {
        // Not every folder has all of them.
      }
}

describe('a compressed file', () => {
  it('is unpacked once for two openings', async () => {
    const [file, copies] = [packed(100), newFolder()]
    expect(await read(file, copies)).toEqual([100, 204])
    grownOld(copies)
    const made = madeAt(copies)
    expect(await read(file, copies)).toEqual([100, 204])
    expect(madeAt(copies)).toEqual(made)
    expect(entries(copies)).toHaveLength(1)
  })

  it('is unpacked again once it was changed', async () => {
    const [file, copies] = [packed(100), newFolder()]
    await read(file, copies)
    copyFileSync(packed(300), file)
    utimesSync(file, 5000, 5000)
    expect(await read(file, copies)).toEqual([300, 404])
  })

  it('is unpacked again where its copy is damaged', async () => {
    const [file, copies] = [packed(100), newFolder()]
    await read(file, copies)
    const [name] = entries(copies)
    truncateSync(path.join(copies, name, 'volume'), 1030)
    expect(await read(file, copies)).toEqual([100, 204])
    expect(statSync(path.join(copies, name, 'volume')).size).toBe(COPY_BYTES)
  })

  it('leaves no copy when it cannot be unpacked', async () => {
    const copies = newFolder()
    const file = path.join(folder, 'cut.mrc.gz')
    // Longer than the head that is looked at first.
    const n = [70, 50, 30]
    const values = Array.from({ length: 70 * 50 * 30 }, (_, i) => (i * i) % 7919)
    const whole = gzipSync(mrcBytes({ n, cell: n, body: int16Bytes(values) }))
    writeFileSync(file, whole.subarray(0, whole.length - 9))
    expect(await codeOf(() => read(file, copies))).toBe('format_corrupt_stream')
    expect(entries(copies)).toEqual([])
  })

  it('that is larger than all copies may be is kept only while it is open', async () => {
    const [file, copies] = [packed(100), newFolder()]
    expect(await read(file, copies, COPY_BYTES - 1)).toEqual([100, 204])
    expect(entries(copies)).toEqual([])
  })
})

describe('the kept copies', () => {
  it('stay within their bytes: the one not used for longest goes first', async () => {
    const copies = newFolder()
    const [first, second, third] = [packed(1), packed(2), packed(3)]
    await read(first, copies, 2.5 * COPY_BYTES)
    const [ofFirst] = entries(copies)
    await read(second, copies, 2.5 * COPY_BYTES)
    const [ofSecond] = entries(copies).filter((name) => name !== ofFirst)
    grownOld(copies)
    await read(first, copies, 2.5 * COPY_BYTES)
    await read(third, copies, 2.5 * COPY_BYTES)
    expect(entries(copies)).toHaveLength(2)
    expect(entries(copies)).toContain(ofFirst)
    expect(entries(copies)).not.toContain(ofSecond)
  })

  it('can be read on while another one takes their place', async () => {
    const copies = newFolder()
    const kept = new UnpackedCopies(copies, 1.5 * COPY_BYTES)
    const source = await openVolumeFile(packed(100), { copies: kept })
    await read(packed(2), copies, 1.5 * COPY_BYTES)
    expect(entries(copies)).toHaveLength(1)
    expect(Number((await source.readSlab(0, 3))[0])).toBe(100)
    await source.close()
  })

  it('are rid of what a crash left, not of what is being unpacked', async () => {
    const copies = newFolder()
    for (const name of ['left', 'fresh']) {
      mkdirSync(path.join(copies, name), { recursive: true })
      writeFileSync(path.join(copies, name, 'volume'), 'half')
      if (name === 'left') grownOld(copies)
    }
    await read(packed(1), copies)
    expect(entries(copies)).toContain('fresh')
    expect(entries(copies)).not.toContain('left')
  })
})
