import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { openVolumeFile, writeVolumeFile } from '../../shared/node/volume-file.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { PACKAGE_ROOT } from '../package-facts.ts'

const GENERATOR = path.join(PACKAGE_ROOT, 'build/train/make_sample.py')
const SAMPLE = path.join(PACKAGE_ROOT, 'resources/sample/sample.mrc')
const SEED = 20260101

/** Debian's own comes with the packages of the system, another may come first on the path. */
const PYTHONS = ['python3', '/usr/bin/python3']

export interface BenchVolume {
  file: string
  /** Where its voxels come from. */
  origin: string
}

/**
 * A tomogram of the repository's generator with a fixed seed, int16.
 * Where there is no Python with numpy and scipy: the bundled sample of that generator, repeated.
 */
export async function generatedVolume(folder: string, shapeZyx: Zyx): Promise<BenchVolume> {
  const out = path.join(folder, `generated-${shapeZyx.join('x')}`)
  await mkdir(out, { recursive: true })
  for (const python of PYTHONS) {
    const options = ['--out', out, '--shape', shapeZyx.join(), '--seed', String(SEED)]
    const isMade = await promisify(execFile)(python, [GENERATOR, ...options]).catch(() => null)
    if (isMade) return { file: path.join(out, 'sample.mrc'), origin: `generator, seed ${SEED}` }
  }
  return { file: await repeatedSample(folder, shapeZyx), origin: 'bundled sample, repeated' }
}

/** The bundled sample, mirrored at its faces as often as it takes. */
export async function repeatedSample(folder: string, shapeZyx: Zyx): Promise<string> {
  const sample = await openVolumeFile(SAMPLE)
  const from = sample.header.shapeZyx
  const voxels = Int16Array.from(await sample.readSlab(0, from[0]), Number)
  await sample.close()
  const file = path.join(folder, `sample-${shapeZyx.join('x')}.mrc`)
  await writeVolumeFile(
    file,
    { shapeZyx, dtype: 'int16', kind: 'scalar', source: { ...sample.header, shapeZyx } },
    {
      readBox: async ([z0, y0, x0], [sz, sy, sx]) => {
        const box = new Int16Array(sz * sy * sx)
        for (let at = 0, z = 0; z < sz; z++)
          for (let y = 0; y < sy; y++) {
            const row = (mirrored(z0 + z, from[0]) * from[1] + mirrored(y0 + y, from[1])) * from[2]
            for (let x = 0; x < sx; x++) box[at++] = voxels[row + mirrored(x0 + x, from[2])]
          }
        return box
      },
    },
  )
  return file
}

/** The place in a row of `size` that is mirrored at both ends. */
function mirrored(index: number, size: number): number {
  const at = index % (2 * size)
  return at < size ? at : 2 * size - 1 - at
}
