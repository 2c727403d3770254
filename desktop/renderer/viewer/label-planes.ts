import type { Niivue } from '@niivue/niivue'
import type { MaskPlane } from '../../../shared/contract/mask-view.ts'
import type { DisplayAxis } from '../../../shared/contract/volume-port.ts'
import { orientPlane } from '../../../shared/volume/display-orientation.ts'
import { boxOnDisplay, displayIndexOf, type LevelGrid } from './level-grid.ts'

const AXES = ['x', 'y', 'z'] as const
/** The patched slice shader's samplers of labels across x, y and z, on texture units that NiiVue leaves alone. */
const SAMPLERS: Readonly<Record<DisplayAxis, { name: string; unit: number }>> = {
  x: { name: 'labelsYz', unit: 24 },
  y: { name: 'labelsXz', unit: 25 },
  z: { name: 'labelsXy', unit: 26 },
}

/** Labels of a plane of the file across a display axis, or of a part of it; in display order. */
export interface LabelPlanePart {
  axis: DisplayAxis
  /** Counted along the display axis. */
  index: number
  start: [row: number, column: number]
  shape: [rows: number, columns: number]
  voxels: Uint8Array | Uint16Array
}

interface Held {
  index: number
  shape: [number, number]
  labels: Uint16Array
  texture: WebGLTexture
}

/** A slice of the mask service, which speaks in the order of the file, turned for the picture. */
export function planeOnDisplay(plane: MaskPlane, grid: LevelGrid): LabelPlanePart {
  const { orientation, sourceShapeZyx } = grid
  const fileAxis = AXES.indexOf(plane.axis) as 0 | 1 | 2
  const [z, y, x] = plane.start_zyx
  const box = boxOnDisplay(plane, sourceShapeZyx, orientation)
  const across = orientation.fileAxisXyz.indexOf(fileAxis)
  const [column, row] = box.startXyz.filter((_, axis) => axis !== across)
  return {
    axis: AXES[across],
    index: displayIndexOf(grid, [x, y, z])[across],
    start: [row, column],
    ...orientPlane(plane.voxels, plane.shape_zyx, fileAxis, orientation),
  }
}

/**
 * Labels at the file's full resolution that lie on the slices in place of the level's: at most one plane for each axis,
 * seen while the crosshair is in it. Owns their textures; they go with the context.
 */
export class LabelPlanes {
  private readonly nv: Niivue
  private readonly slotsOf: (labels: Uint16Array) => Uint8Array
  private readonly held = new Map<DisplayAxis, Held>()
  private at: readonly [number, number, number] = [-1, -1, -1]

  /** @param slotsOf labels as the drawing layer shows them now; a new array */
  constructor(nv: Niivue, slotsOf: (labels: Uint16Array) => Uint8Array) {
    this.nv = nv
    this.slotsOf = slotsOf
  }

  /** Tells the shader where its planes will be; once the shaders are compiled. */
  attach(): void {
    this.withShader((gl, program) => {
      for (const { name, unit } of Object.values(SAMPLERS)) gl.uniform1i(gl.getUniformLocation(program, name), unit)
    })
  }

  /** @returns false where the plane is larger than this graphics card's textures */
  show({ axis, index, shape, voxels }: LabelPlanePart): boolean {
    const { gl } = this.nv
    if (Math.max(...shape) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return false
    const texture = this.held.get(axis)?.texture ?? gl.createTexture()
    const held = { index, shape, labels: Uint16Array.from(voxels), texture }
    this.held.set(axis, held)
    this.upload(axis, held)
    this.applyShown()
    return true
  }

  /** Replaces a part of a plane; nothing where that plane is not held. */
  patch({ axis, index, start: [row, column], shape: [rows, columns], voxels }: LabelPlanePart): void {
    const held = this.held.get(axis)
    if (held?.index !== index) return
    for (let one = 0; one < rows; one++)
      held.labels.set(voxels.subarray(one * columns, (one + 1) * columns), (row + one) * held.shape[1] + column)
    this.bound(axis, held, (gl) => {
      const slots = this.slotsOf(Uint16Array.from(voxels))
      gl.texSubImage2D(gl.TEXTURE_2D, 0, column, row, columns, rows, gl.RED, gl.UNSIGNED_BYTE, slots)
    })
  }

  /** Values take other slots from now on. */
  restyle(): void {
    for (const [axis, held] of this.held) this.upload(axis, held)
  }

  /** The crosshair came here: planes elsewhere are not seen. */
  keepAt(indexXyz: readonly [number, number, number]): void {
    this.at = indexXyz
    this.applyShown()
  }

  hide(): void {
    for (const { texture } of this.held.values()) this.nv.gl.deleteTexture(texture)
    this.held.clear()
    this.applyShown()
  }

  private upload(axis: DisplayAxis, held: Held): void {
    const [rows, columns] = held.shape
    this.bound(axis, held, (gl) => {
      const slots = this.slotsOf(held.labels)
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, columns, rows, 0, gl.RED, gl.UNSIGNED_BYTE, slots)
      for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
        gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST)
      for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE)
    })
  }

  private bound(axis: DisplayAxis, { texture }: Held, work: (gl: WebGL2RenderingContext) => void): void {
    const { gl } = this.nv
    gl.activeTexture(gl.TEXTURE0 + SAMPLERS[axis].unit)
    gl.bindTexture(gl.TEXTURE_2D, texture)
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    work(gl)
    gl.activeTexture(gl.TEXTURE0)
  }

  private applyShown(): void {
    const [x, y, z] = AXES.map((name, axis) => (this.held.get(name)?.index === this.at[axis] ? 1 : 0))
    this.withShader((gl, program) => gl.uniform3f(gl.getUniformLocation(program, 'hasLabels'), x, y, z))
  }

  private withShader(work: (gl: WebGL2RenderingContext, program: WebGLProgram) => void): void {
    const { gl, sliceMMShader } = this.nv
    if (!sliceMMShader || gl.isContextLost()) return
    sliceMMShader.use(gl)
    work(gl, sliceMMShader.program)
  }
}
