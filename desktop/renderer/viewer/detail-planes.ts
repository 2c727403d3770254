import type { Niivue } from '@niivue/niivue'
import type { DisplayAxis, PlaneMessage } from '../../../shared/contract/volume-port.ts'
import { reverseTriple } from '../../../shared/volume/zyx.ts'
import { type LevelGrid, planeLine } from './level-grid.ts'
import { SmoothSlices, type SmoothSource } from './smooth-slices.ts'

const AXES = ['x', 'y', 'z'] as const
/** The patched slice shader's samplers of planes across x, y and z, on texture units that NiiVue leaves alone. */
const SAMPLERS: Readonly<Record<DisplayAxis, { name: string; unit: number }>> = {
  x: { name: 'detailYz', unit: 16 },
  y: { name: 'detailXz', unit: 17 },
  z: { name: 'detailXy', unit: 18 },
}
/** The slice shader's `hasDetail` of an axis: the level itself, a plane of the file, or a plane of the level. */
const LEVEL = 0
const FILE_PLANE = 1
const LEVEL_PLANE = 2

interface ShownPlane {
  index: number
  size: [columns: number, rows: number]
  /** Tells one plane from another at the same place: a slab may have been changed. */
  turn: number
}

/**
 * Planes that lie on the slices in place of the level: those of the file at full resolution, at most one for each axis,
 * shown until hidden; and while slices are smoothed, the smoothed plane of every axis. Owns their textures; they go with
 * the context.
 */
export class DetailPlanes {
  private readonly nv: Niivue
  private readonly textures = new Map<DisplayAxis, WebGLTexture>()
  /** The plane that is held across each axis; it is seen while the crosshair is in it. */
  private readonly shown = new Map<DisplayAxis, ShownPlane>()
  private at: readonly [number, number, number] = [-1, -1, -1]
  private numShown = 0
  private grid: LevelGrid | null = null
  private sigmaVox = 0
  private smooth: SmoothSlices | null = null
  private readonly smoothed = new Map<DisplayAxis, { texture: WebGLTexture; what: string }>()

  constructor(nv: Niivue) {
    this.nv = nv
  }

  /** Tells the shader where its planes will be; once the shaders are compiled. */
  attach(): void {
    this.withShader((gl, program) => {
      for (const { name, unit } of Object.values(SAMPLERS)) gl.uniform1i(gl.getUniformLocation(program, name), unit)
    })
  }

  /** A level came: planes lie in it like this. */
  placeIn(grid: LevelGrid): void {
    this.grid = grid
    for (const smoothed of this.smoothed.values()) smoothed.what = ''
    const { scaleXyz, offsetXyz } = planeLine(grid)
    this.withShader((gl, program) => {
      gl.uniform3f(gl.getUniformLocation(program, 'detailScale'), ...scaleXyz)
      gl.uniform3f(gl.getUniformLocation(program, 'detailOffset'), ...offsetXyz)
    })
  }

  /** Standard deviation of the Gaussian over the slices, voxels of the file; 0 shows them as they are. */
  setSmoothing(sigmaVox: number): void {
    this.sigmaVox = sigmaVox
  }

  /** @returns false where the plane is larger than this graphics card's textures */
  show({ axis, index, shape: [rows, columns] }: PlaneMessage, voxels: Uint8Array): boolean {
    const { gl } = this.nv
    if (Math.max(rows, columns) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return false
    const texture = this.textures.get(axis) ?? gl.createTexture()
    this.textures.set(axis, texture)
    gl.activeTexture(gl.TEXTURE0 + SAMPLERS[axis].unit)
    gl.bindTexture(gl.TEXTURE_2D, texture)
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, columns, rows, 0, gl.RED, gl.UNSIGNED_BYTE, voxels)
    gl.generateMipmap(gl.TEXTURE_2D)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE)
    gl.activeTexture(gl.TEXTURE0)
    this.shown.set(axis, { index, size: [columns, rows], turn: ++this.numShown })
    return true
  }

  /** The crosshair came here: planes elsewhere are not seen, the level is; they are again when it comes back. */
  keepAt(indexXyz: readonly [number, number, number]): void {
    this.at = indexXyz
  }

  hide(): void {
    this.shown.clear()
  }

  /** Puts in place what the next picture is drawn with. @param axes of the slices that are on show */
  prepare(axes: readonly DisplayAxis[]): void {
    const { gl } = this.nv
    if (gl.isContextLost() || !this.grid) return
    const has = AXES.map((axis) => (axes.includes(axis) ? this.prepareAxis(axis) : LEVEL))
    gl.activeTexture(gl.TEXTURE0)
    this.withShader((_, program) => gl.uniform3f(gl.getUniformLocation(program, 'hasDetail'), has[0], has[1], has[2]))
  }

  private prepareAxis(axis: DisplayAxis): number {
    const { gl } = this.nv
    const plane = this.seen(axis)
    const texture = this.sigmaVox > 0 ? this.smoothedOf(axis) : (plane && this.textures.get(axis)) || null
    if (!texture) return LEVEL
    gl.activeTexture(gl.TEXTURE0 + SAMPLERS[axis].unit)
    gl.bindTexture(gl.TEXTURE_2D, texture)
    return plane ? FILE_PLANE : LEVEL_PLANE
  }

  private seen(axis: DisplayAxis): ShownPlane | null {
    const plane = this.shown.get(axis)
    return plane?.index === this.at[AXES.indexOf(axis)] ? plane : null
  }

  /** Made anew only where something else is to be seen. */
  private smoothedOf(axis: DisplayAxis): WebGLTexture | null {
    const { gl } = this.nv
    const source = this.sourceOf(axis)
    if (!source || !this.grid) return null
    const sigmaTexels = source.kind === 'plane' ? this.sigmaVox : this.sigmaVox / this.grid.bin
    const what = `${source.kind} ${this.seen(axis)?.turn ?? this.shareOf(axis)} ${sigmaTexels}`
    const found = this.smoothed.get(axis) ?? { texture: gl.createTexture(), what: '' }
    this.smoothed.set(axis, found)
    if (found.what === what) return found.texture
    this.smooth ??= new SmoothSlices(gl)
    this.smooth.draw(source, sigmaTexels, found.texture)
    found.what = what
    return found.texture
  }

  private sourceOf(axis: DisplayAxis): SmoothSource | null {
    const plane = this.seen(axis)
    const texture = plane ? this.textures.get(axis) : this.nv.volumeTexture
    if (!texture || !this.grid) return null
    if (plane) return { kind: 'plane', texture, size: plane.size }
    const across = AXES.indexOf(axis) as 0 | 1 | 2
    const [columns, rows] = reverseTriple(this.grid.levelShapeZyx).filter((_, one) => one !== across)
    return { kind: 'level', texture, size: [columns, rows], axis: across, share: this.shareOf(axis) }
  }

  private shareOf(axis: DisplayAxis): number {
    return this.nv.scene.crosshairPos[AXES.indexOf(axis)]
  }

  private withShader(work: (gl: WebGL2RenderingContext, program: WebGLProgram) => void): void {
    const { gl, sliceMMShader } = this.nv
    if (!sliceMMShader || gl.isContextLost()) return
    sliceMMShader.use(gl)
    work(gl, sliceMMShader.program)
  }
}
