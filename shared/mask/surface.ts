import { reverseTriple, type Zyx } from '../volume/zyx.ts'
import { NUM_LABELS, PlaneRuns } from './plane-runs.ts'

/**
 * The 13 kinds of 2 × 2 × 2 neighbourhoods with a surface that differ by more than rotation, mirroring and exchange of
 * inside and outside. `corners`: those inside, as digits zyx. `normals`: area vectors (z, y, x), signs dropped, of the
 * marching-cubes triangles between edge midpoints of a unit cube; parallel triangles are joined.
 */
const KINDS: readonly { corners: string; normals: readonly Zyx[] }[] = [
  { corners: '111', normals: [equal(0.125)] },
  { corners: '111 110', normals: [[0.5, 0.5, 0]] },
  { corners: '110 101', normals: [equal(0.25)] },
  { corners: '111 110 101', normals: [[0.5, 0, 0], equal(0.375)] },
  { corners: '111 110 101 100', normals: [[1, 0, 0]] },
  { corners: '110 101 011', normals: [equal(0.375)] },
  { corners: '111 110 101 011', normals: [equal(0.75)] },
  { corners: '100 011', normals: [equal(0.25)] },
  { corners: '111 100 011', normals: [[0, 0.5, 0.5], equal(0.125)] },
  { corners: '111 110 100 011', normals: [[0, 0.25, 0.25], [0.25, 0, 0.25], equal(0.5)] },
  { corners: '110 101 100 011', normals: [[0.5, 0, 0], equal(0.5)] },
  { corners: '101 100 011 010', normals: [[1, 1, 0]] },
  { corners: '111 100 010 001', normals: [equal(0.5)] },
]

function equal(value: number): Zyx {
  return [value, value, value]
}

/**
 * Area of the surface in each of the 256 neighbourhoods of eight voxel centres, in squared units of `spacingZyx`.
 * Bit 4 dz + 2 dy + dx of the code is set where the voxel at (dz, dy, dx) is inside.
 *
 * @see Lorensen and Cline 1987, Marching Cubes. The same areas as google-deepmind/surface-distance, lookup_tables.py,
 *   create_table_neighbour_code_to_surface_area (which numbers the corners in the opposite order).
 */
export function surfelAreas(spacingZyx: Zyx): Float64Array {
  const [sz, sy, sx] = spacingZyx
  const areas = new Float64Array(256)
  for (const { corners, normals } of KINDS) {
    const points = corners.split(' ').map((digits) => [...digits].map(Number))
    for (const axes of AXIS_ORDERS) {
      const area = normals.reduce((sum, normal) => {
        const [nz, ny, nx] = axes.map((axis) => normal[axis])
        return sum + Math.hypot(nz * sy * sx, ny * sz * sx, nx * sz * sy)
      }, 0)
      for (let flip = 0; flip < 8; flip++) {
        const bits = points.map((point) => 1 << ((4 * point[axes[0]] + 2 * point[axes[1]] + point[axes[2]]) ^ flip))
        const code = bits.reduce((sum, bit) => sum | bit, 0)
        areas[code] = area
        areas[255 - code] = area
      }
    }
  }
  return areas
}

const AXIS_ORDERS: readonly Zyx[] = (
  [
    [0, 1, 2],
    [1, 2, 0],
    [2, 0, 1],
  ] as const
).flatMap((axes) => [axes, reverseTriple(axes)])

/**
 * Surface area per label, from planes in ascending z; the runs of two planes are read, never the volume.
 * States: adding (`add` once per plane) → complete (`areas`).
 *
 * The estimate is the marching-cubes surface through edge midpoints (`surfelAreas`), each label against everything else;
 * what lies beyond the volume is background, so objects cut by its border are closed there. Planes along an axis are
 * exact; a voxelised sphere comes out about 9 % too large (faces of voxels would be 50 % too large), a single voxel as
 * the octahedron in it.
 */
export class SurfaceMeter {
  private readonly shapeZyx: Zyx
  private readonly areaOf: Float64Array
  /** By label. Areas are added in z, y, x order of their neighbourhoods, which their last bits depend on. */
  private readonly sums = new Float64Array(NUM_LABELS)
  /** Labels of the neighbourhood that is looked at; `surfelAreas` numbers them. */
  private readonly corners = new Uint16Array(8)
  /** The four rows that are looked at: of the plane before and the current one, each from y to y + 1. */
  private readonly first = new RowCursor()
  private readonly second = new RowCursor()
  private readonly third = new RowCursor()
  private readonly fourth = new RowCursor()
  private before: PlaneRuns
  private planes = 0

  /** @param spacingZyx distance between voxel centres, any unit; areas come in its square */
  constructor(shapeZyx: Zyx, spacingZyx: Zyx) {
    this.shapeZyx = shapeZyx
    this.areaOf = surfelAreas(spacingZyx)
    this.before = new PlaneRuns(shapeZyx[1])
  }

  /** The next plane. @param runs read again in the next call. @throws RangeError for a plane too many */
  add(runs: PlaneRuns): void {
    const [nz] = this.shapeZyx
    if (this.planes >= nz) throw new RangeError(`more than ${nz} planes`)
    this.measure(this.before, runs)
    this.before = runs
    this.planes++
  }

  /** Area per label that occurs. @throws RangeError while planes are missing */
  areas(): Map<number, number> {
    const [nz, ny] = this.shapeZyx
    if (this.planes < nz) throw new RangeError(`${this.planes} of ${nz} planes were added`)
    if (this.planes === nz) {
      this.measure(this.before, new PlaneRuns(ny))
      this.planes++
    }
    const areas = new Map<number, number>()
    for (let label = 1; label < NUM_LABELS; label++) if (this.sums[label] !== 0) areas.set(label, this.sums[label])
    return areas
  }

  /** Adds the neighbourhoods between two planes. */
  private measure(before: PlaneRuns, current: PlaneRuns): void {
    if (before.size === 0 && current.size === 0) return
    const { first, second, third, fourth } = this
    for (let y = -1; y < this.shapeZyx[1]; y++) {
      first.open(before, y)
      second.open(before, y + 1)
      third.open(current, y)
      fourth.open(current, y + 1)
      this.measureRows()
    }
  }

  /**
   * Adds the neighbourhoods between four rows from one change of labels to the next: the one across the change, then those
   * after it, which are all alike.
   */
  private measureRows(): void {
    const { corners, first, second, third, fourth } = this
    let x = Math.min(first.next, second.next, third.next, fourth.next)
    while (x !== NEVER) {
      corners[0] = first.label
      corners[2] = second.label
      corners[4] = third.label
      corners[6] = fourth.label
      corners[1] = first.moveTo(x)
      corners[3] = second.moveTo(x)
      corners[5] = third.moveTo(x)
      corners[7] = fourth.moveTo(x)
      this.addNeighbourhoods(1)
      const next = Math.min(first.next, second.next, third.next, fourth.next)
      const isUniform = first.label === second.label && first.label === third.label && first.label === fourth.label
      if (!isUniform && next > x + 1) {
        for (let i = 0; i < 8; i += 2) corners[i] = corners[i + 1]
        this.addNeighbourhoods(next - x - 1)
      }
      x = next
    }
  }

  /** Adds the neighbourhood at `corners`, as often as it comes. */
  private addNeighbourhoods(times: number): void {
    const { corners, areaOf, sums } = this
    for (let left = 255 - codeOf(0, corners); left !== 0; ) {
      const label = corners[31 - Math.clz32(left)]
      const code = codeOf(label, corners)
      const area = areaOf[code]
      let sum = sums[label]
      for (let i = 0; i < times; i++) sum += area
      sums[label] = sum
      left &= ~code
    }
  }
}

/** Code of a neighbourhood where the corners of a label are inside. */
function codeOf(label: number, corners: Uint16Array): number {
  let code = 0
  for (let i = 0; i < 8; i++) if (corners[i] === label) code |= 1 << i
  return code
}

/** Beyond every column. */
const NEVER = 0x3fffffff

/** The labels along a row, from one change to the next. */
class RowCursor {
  /** Label at the column that was moved to; before the first, background. */
  label = 0
  /** First later column with another label, or `NEVER`. Rows end with a change to background. */
  next = NEVER
  private runs = new PlaneRuns(0)
  private run = 0
  private end = 0

  /** To the column before the first. A row beyond the plane is background. */
  open(runs: PlaneRuns, y: number): void {
    const isInside = y >= 0 && y < runs.rows.length - 1
    this.runs = runs
    this.run = isInside ? runs.rows[y] : 0
    this.end = isInside ? runs.rows[y + 1] : 0
    this.label = 0
    this.next = this.run < this.end ? runs.starts[this.run] : NEVER
  }

  /** The label at `x`. @param x at most `next` */
  moveTo(x: number): number {
    if (x !== this.next) return this.label
    const { runs } = this
    if (this.label !== 0) this.run++
    const start = this.run < this.end ? runs.starts[this.run] : NEVER
    this.label = start === x ? runs.labels[this.run] : 0
    this.next = start === x ? runs.ends[this.run] : start
    return this.label
  }
}
