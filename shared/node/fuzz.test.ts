import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { int16Bytes, mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { DomainError } from '../errors/domain-error.ts'
import { writeNiftiFields } from '../formats/nifti/nifti-fields.ts'
import { numVoxels } from '../volume/zyx.ts'
import { openVolumeFile } from './volume-file.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-fuzz-test-'))
const tempDir = path.join(folder, 'temp')
mkdirSync(tempDir)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const VOXELS = int16Bytes(Array.from({ length: 105 }, (_, i) => i * 3 - 100))

function nifti(version: 1 | 2): Buffer {
  const offset = version === 1 ? 352 : 544
  const fields = {
    ...{ sizeof_hdr: version === 1 ? 348 : 540, magic: `n+${version}`, dim: [3, 7, 5, 3, 1, 1, 1, 1] },
    ...{ pixdim: [1, 2, 3, 4, 1, 1, 1, 1], datatype: 4, bitpix: 16, vox_offset: offset, scl_slope: 2, xyzt_units: 2 },
    ...{ sform_code: 1, srow_x: [2, 0, 0, 1], srow_y: [0, 3, 0, 2], srow_z: [0, 0, 4, 3], qform_code: 1 },
  }
  const head = writeNiftiFields(fields, version)
  return Buffer.concat([head, Buffer.alloc(offset - head.length), VOXELS])
}

function nrrd(encoding: string, data: Uint8Array): Buffer {
  const lines = [
    ...['NRRD0004', 'type: int16', 'dimension: 3', 'sizes: 7 5 3', 'endian: little', `encoding: ${encoding}`],
    ...['space: left-posterior-superior', 'space directions: (1,0,0) (0,2,0) (0,0,3)', 'space origin: (1,2,3)'],
    ...['kinds: domain domain domain', 'byte skip: 0', 'key:=value'],
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\n')}\n\n`), data])
}

const SEEDS: [name: string, bytes: Uint8Array, headerBytes: number][] = [
  ['a.mrc', mrcBytes({ body: VOXELS }), 1024],
  [
    'b.mrc',
    mrcBytes({ mode: 101, isLittle: false, mapcrs: [2, 3, 1], n: [5, 3, 7], body: VOXELS.subarray(0, 63) }),
    1024,
  ],
  ['c.mrc.gz', gzipSync(mrcBytes({ body: VOXELS })), 60],
  ['d.nii', nifti(1), 352],
  ['e.nii', nifti(2), 544],
  ['f.nii.gz', gzipSync(nifti(1)), 60],
  ['g.nrrd', nrrd('raw', VOXELS), 260],
  ['h.nrrd', nrrd('gzip', gzipSync(VOXELS)), 330],
  ['i.nrrd', nrrd('ascii', Buffer.from(`${'1 -2 3 '.repeat(34)}1 -2 3`)), 400],
]
const hasBzip2 = spawnSync('bzip2', ['--version'], { input: '' }).status === 0
if (hasBzip2) SEEDS.push(['j.mrc.bz2', spawnSync('bzip2', ['-c'], { input: mrcBytes({ body: VOXELS }) }).stdout, 100])

/** Numbers from 0 up to `below`, the same in every run. @see Park and Miller, "minimal standard" */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48271) % 2147483647
    return state % below
  }
}

const WORDS = [0x7fffffff, 0xffffffff, 0x80000000, 0, 0x7fc00000, 0x7f800000, 0x00010000, 0x000f4240, 1, 0xff7fffff]

/** One of: cut anywhere, one byte changed, one word set to an extreme in either byte order, several of these. */
function mutated(original: Uint8Array, headerBytes: number, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(original)
  for (let left = 1 + random(3); left > 0; left--) {
    const at = random(Math.min(headerBytes, bytes.length) || 1)
    const kind = random(6)
    if (kind === 0) bytes = bytes.subarray(0, random(bytes.length + 1))
    else if (kind < 3) bytes[at] = random(256)
    else {
      const word = at & ~1
      if (word + 4 > bytes.length) continue
      if (kind === 5) bytes.writeUInt32BE(WORDS[random(WORDS.length)], word)
      else bytes.writeUInt32LE(WORDS[random(WORDS.length)], word)
    }
  }
  return bytes
}

/** Text headers: digits and signs become others, lines are doubled or lost. */
function textMutated(original: Uint8Array, random: (below: number) => number): Buffer {
  const text = Buffer.from(original).toString('latin1')
  const end = text.indexOf('\n\n')
  const lines = text.slice(0, end).split('\n')
  const at = 1 + random(lines.length - 1)
  const odd = ['99999999999', '-1', '0', 'nan', '1e400', '(1,0', 'none', '', '%d', '2147483648', '\0', '../x', '🧬']
  const kind = random(4)
  if (kind === 0) lines.splice(at, 1)
  else if (kind === 1) lines.splice(at, 0, lines[at])
  else if (kind === 2) lines[at] = lines[at].replace(/[\d.]+/, odd[random(odd.length)])
  else lines[at] = `${lines[at].split(':')[0]}: ${odd[random(odd.length)]} ${odd[random(odd.length)]}`
  return Buffer.from(lines.join('\n') + text.slice(end), 'latin1')
}

/** Opens and reads: true when it worked, false when it was refused in our words; anything else is thrown. */
async function readsOrRefuses(file: string): Promise<boolean> {
  try {
    const volume = await openVolumeFile(file, { tempDir })
    try {
      const { header } = volume
      const voxels = await volume.readSlab(0, header.shapeZyx[0])
      expect(voxels.length).toBe(numVoxels(header.shapeZyx))
      JSON.stringify(header)
      expect(header.voxelSizeZyx?.every((size) => size > 0 && Number.isFinite(size)) ?? true).toBe(true)
      return true
    } finally {
      await volume.close()
    }
  } catch (error) {
    if (error instanceof DomainError) return false
    throw error
  }
}

/** A file of a few hundred bytes never needs more than this, whatever its header says. */
const MOST_BYTES = 64 * 1024 * 1024

describe('damaged files are refused in our words or read as volumes', () => {
  for (const [name, original, headerBytes] of SEEDS)
    it(`${name}, cut, flipped and with extreme words`, async () => {
      const random = randomFrom(name.charCodeAt(0) * 7919)
      const file = path.join(folder, name)
      const before = process.memoryUsage().arrayBuffers
      let most = 0
      let read = 0
      const rounds = name.endsWith('bz2') ? 60 : 220
      for (let round = 0; round < rounds; round++) {
        const isText = name.endsWith('nrrd') && round % 2 === 1
        writeFileSync(file, isText ? textMutated(original, random) : mutated(original, headerBytes, random))
        try {
          if (await readsOrRefuses(file)) read++
        } catch (cause) {
          throw new Error(`round ${round} of ${name}`, { cause })
        }
        most = Math.max(most, process.memoryUsage().arrayBuffers - before)
      }
      expect(read).toBeLessThan(rounds)
      expect(most).toBeLessThan(MOST_BYTES)
      expect(readdirSync(tempDir)).toEqual([])
    })

  it('a file cut anywhere is never read as whole', async () => {
    for (const [name, original] of SEEDS.filter(([one]) => !one.endsWith('.bz2'))) {
      const step = Math.ceil(original.length / 60)
      for (let length = 0; length < original.length; length += step) {
        const file = path.join(folder, name)
        writeFileSync(file, original.subarray(0, length))
        expect(await readsOrRefuses(file), `${name} cut at ${length}`).toBe(false)
      }
    }
  })
})
