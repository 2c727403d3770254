import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'

/** An OME-Zarr image that a test makes: uint16, gzip chunks, several levels. */
export interface ZarrImage {
  version: '0.4' | '0.5'
  shapeXyz: readonly [number, number, number]
  /** Edge of a chunk; the last ones stick out. */
  chunk: number
  voxelNm: readonly [number, number, number]
  originNm: readonly [number, number, number]
  numLevels: number
  /** Of a voxel of a level; 0 is the finest. */
  valueAt: (x: number, y: number, z: number, level: number) => number
}

/** Writes the image as other programs do. */
export function writeZarrImage(folder: string, image: ZarrImage): void {
  const { version, numLevels } = image
  const put = (name: string, content: unknown) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), content instanceof Uint8Array ? content : JSON.stringify(content))
  }
  const multiscales = [multiscale(image)]
  if (version === '0.4') {
    put('.zgroup', { zarr_format: 2 })
    put('.zattrs', { multiscales })
  } else put('zarr.json', { zarr_format: 3, node_type: 'group', attributes: { ome: { version, multiscales } } })
  for (let level = 0; level < numLevels; level++) {
    const shape = levelShape(image, level)
    if (version === '0.4') put(`${level}/.zarray`, arrayOfZarr2(shape, image.chunk))
    else put(`${level}/zarr.json`, arrayOfZarr3(shape, image.chunk))
    for (const [place, bytes] of chunks(image, level))
      put(`${level}/${version === '0.4' ? '' : 'c/'}${place}`, gzipSync(bytes, { level: 1 }))
  }
}

type Triple = [number, number, number]

/** x, y, z. */
function levelShape({ shapeXyz }: ZarrImage, level: number): Triple {
  return shapeXyz.map((size) => Math.ceil(size / 2 ** level)) as Triple
}

function multiscale({ version, voxelNm, originNm, numLevels }: ZarrImage) {
  const zyx = (xyz: readonly number[]) => [...xyz].reverse()
  return {
    ...(version === '0.4' ? { version } : {}),
    axes: ['z', 'y', 'x'].map((name) => ({ name, type: 'space', unit: 'nanometer' })),
    datasets: Array.from({ length: numLevels }, (_, level) => ({
      path: String(level),
      coordinateTransformations: [
        { type: 'scale', scale: zyx(voxelNm).map((size) => size * 2 ** level) },
        { type: 'translation', translation: zyx(originNm) },
      ],
    })),
  }
}

function arrayOfZarr2([nx, ny, nz]: Triple, chunk: number) {
  return {
    ...{ zarr_format: 2, shape: [nz, ny, nx], chunks: [chunk, chunk, chunk], dtype: '<u2', order: 'C' },
    ...{ compressor: { id: 'gzip', level: 1 }, fill_value: 0, filters: null, dimension_separator: '/' },
  }
}

function arrayOfZarr3([nx, ny, nz]: Triple, chunk: number) {
  return {
    ...{ zarr_format: 3, node_type: 'array', shape: [nz, ny, nx], data_type: 'uint16', fill_value: 0, attributes: {} },
    chunk_grid: { name: 'regular', configuration: { chunk_shape: [chunk, chunk, chunk] } },
    chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
    codecs: [
      { name: 'bytes', configuration: { endian: 'little' } },
      { name: 'gzip', configuration: { level: 1 } },
    ],
  }
}

function* chunks(image: ZarrImage, level: number): Generator<[place: string, bytes: Uint8Array]> {
  const { chunk, valueAt } = image
  const [nx, ny, nz] = levelShape(image, level)
  const count = (size: number) => Math.ceil(size / chunk)
  for (let cz = 0; cz < count(nz); cz++)
    for (let cy = 0; cy < count(ny); cy++)
      for (let cx = 0; cx < count(nx); cx++) {
        const voxels = new Uint16Array(chunk ** 3)
        for (let i = 0; i < voxels.length; i++) {
          const [x, y, z] = [i % chunk, Math.floor(i / chunk) % chunk, Math.floor(i / chunk ** 2)]
          const at: Triple = [cx * chunk + x, cy * chunk + y, cz * chunk + z]
          if (at[0] < nx && at[1] < ny && at[2] < nz) voxels[i] = valueAt(...at, level)
        }
        yield [`${cz}/${cy}/${cx}`, new Uint8Array(voxels.buffer)]
      }
}
