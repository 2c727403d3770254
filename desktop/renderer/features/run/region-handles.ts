import type { RegionOfInterest } from '../../../../shared/contract/jobs.ts'
import type { AxisLine, SlicePicture } from '../../viewer/slice-picture.ts'

/** Pixels of the picture. */
export interface Box {
  x: number
  y: number
  width: number
  height: number
}

/** Something to resize a region by; it moves the named ends along the axes of its slice. */
export interface RegionHandle {
  /** Axis and end, as `x1`, or of a corner as `x1y0`. */
  name: string
  ends: readonly (readonly [AxisLine, 0 | 1])[]
  x: number
  y: number
  cursor: string
}

/** Where a region lies in a slice. Its borders lie half a voxel before the first and behind the last voxel's middle. */
export function regionBox({ columns, rows }: SlicePicture, roi: RegionOfInterest): Box {
  const along = ({ fileAxis, zeroPx, pxPerVoxel }: AxisLine) =>
    roi[2 - fileAxis].map((border) => zeroPx + pxPerVoxel * (border - 0.5)).sort((a, b) => a - b)
  const [left, right] = along(columns)
  const [top, bottom] = along(rows)
  return { x: left, y: top, width: right - left, height: bottom - top }
}

/** Four corners and the middles of four sides. */
export function regionHandles({ columns, rows }: SlicePicture, { x, y, width, height }: Box): RegionHandle[] {
  const end = (line: AxisLine, side: 0 | 1) => (line.pxPerVoxel > 0 ? side : ((1 - side) as 0 | 1))
  const place = (side: 0 | 1 | null, from: number, size: number) => from + (side === null ? 0.5 : side) * size
  const sides = [null, 0, 1] as const
  return sides.flatMap((column) =>
    sides.flatMap((row): RegionHandle[] => {
      const ends = [
        ...(column === null ? [] : [[columns, end(columns, column)] as const]),
        ...(row === null ? [] : [[rows, end(rows, row)] as const]),
      ]
      if (ends.length === 0) return []
      const name = ends.map(([line, which]) => `${'xyz'[line.fileAxis]}${which}`).join('')
      return [{ name, ends, x: place(column, x, width), y: place(row, y, height), cursor: cursorOf(column, row) }]
    }),
  )
}

function cursorOf(column: 0 | 1 | null, row: 0 | 1 | null): string {
  if (row === null) return 'ew-resize'
  if (column === null) return 'ns-resize'
  return column === row ? 'nwse-resize' : 'nesw-resize'
}
