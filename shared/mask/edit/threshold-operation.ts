import { DomainError } from '../../errors/domain-error.ts'
import type { Abort } from '../../volume/header.ts'
import { ComponentFinder, filterPlane, MOST_PROVISIONAL, removeSmallerThan } from '../components.ts'
import { TooManyObjects } from '../object-table.ts'
import type { EditWriter } from './edit-writer.ts'
import { BRICK } from './label-bricks.ts'
import type { MaskChange } from './mask-change.ts'
import type { MaskEditor } from './mask-editor.ts'
import { packRuns, unpackRuns } from './packed-runs.ts'

/** The delivered probability (255ths of the best foreground label) and that label, plane by plane, y, x order. */
export interface ProbabilityPlanes {
  probability(z: number): Promise<ArrayLike<number>>
  candidate(z: number): Promise<ArrayLike<number>>
}

export interface ThresholdRequest {
  /** The candidate is kept where its probability reaches this. */
  threshold: number
  /** Objects below this size go; 0 keeps all. */
  smallestObjectVoxels: number
  signal?: Abort
}

/** Candidates where their stored probability, a 255th, reaches the threshold; a new array. */
export function candidatesAbove(
  probability: ArrayLike<number>,
  candidate: ArrayLike<number>,
  threshold: number,
): Uint16Array {
  const labels = new Uint16Array(candidate.length)
  for (let i = 0; i < labels.length; i++) if (probability[i] / 255 >= threshold) labels[i] = candidate[i]
  return labels
}

/**
 * Makes the mask anew from the delivered probability, as `postprocess` on the server does; locked labels stay as they
 * are. Two or three passes over the planes, one held at a time.
 * @throws {DomainError} `canceled`, `too_many_objects`, what the planes throw
 */
export function thresholdMask(
  editor: MaskEditor,
  planes: ProbabilityPlanes,
  { threshold, smallestObjectVoxels, signal }: ThresholdRequest,
): Promise<MaskChange> {
  const [nz, ny, nx] = editor.bricks.shapeZyx
  const plane = async (z: number) => {
    if (signal?.aborted) throw new DomainError('canceled')
    return candidatesAbove(await planes.probability(z), await planes.candidate(z), threshold)
  }
  return editor.edit({ name: 'threshold', label: null }, async (writer) => {
    const filter = smallestObjectVoxels > 1 ? await smallObjects(editor, plane, smallestObjectVoxels) : null
    for (let z = 0; z < nz; z += BRICK) {
      const strips: Uint8Array[][] = []
      for (let at = z; at < Math.min(z + BRICK, nz); at++) {
        const labels = await plane(at)
        filter?.(labels)
        strips.push(packedStrips(labels, nx))
      }
      writeStrips(writer, z, strips, [ny, nx])
    }
  })
}

/** Takes small objects out of one plane after the other. */
async function smallObjects(
  editor: MaskEditor,
  plane: (z: number) => Promise<Uint16Array>,
  smallest: number,
): Promise<(labels: Uint16Array) => void> {
  const { shapeZyx } = editor.bricks
  const finder = new ComponentFinder(shapeZyx)
  try {
    for (let z = 0; z < shapeZyx[0]; z++) finder.add(await plane(z))
  } catch (cause) {
    if (cause instanceof TooManyObjects) throw new DomainError('too_many_objects', { most: MOST_PROVISIONAL, cause })
    throw cause
  }
  const keep = removeSmallerThan(finder.components(), smallest)
  const ids = finder.secondPass()
  return (labels) => filterPlane(labels, ids.next(labels), keep)
}

/** A plane as packed strips of 64 rows, so that a layer of bricks waits in little memory. */
function packedStrips(labels: Uint16Array, nx: number): Uint8Array[] {
  const strips: Uint8Array[] = []
  for (let at = 0; at < labels.length; at += BRICK * nx) strips.push(packRuns(labels.subarray(at, at + BRICK * nx)))
  return strips
}

/** Writes a layer strip by strip, so that few bricks are open at once. @param strips by plane, then by strip */
function writeStrips(writer: EditWriter, zStart: number, strips: Uint8Array[][], [ny, nx]: [number, number]): void {
  for (let y = 0, strip = 0; y < ny; y += BRICK, strip++) {
    const numRows = Math.min(BRICK, ny - y)
    const labels = new Uint16Array(numRows * nx)
    for (const [z, packed] of strips.entries()) {
      unpackRuns(packed[strip], labels)
      for (let row = 0; row < numRows; row++)
        writer.setRow(zStart + z, y + row, labels.subarray(row * nx, (row + 1) * nx))
    }
  }
}
