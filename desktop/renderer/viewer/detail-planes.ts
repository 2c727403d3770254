import type { Niivue } from '@niivue/niivue'
import type { DisplayAxis, PlaneMessage } from '../../../shared/contract/bridge.ts'
import { type LevelGrid, planeLine } from './level-grid.ts'

const AXES = ['x', 'y', 'z'] as const
/** The patched slice shader's samplers of planes across x, y and z, on texture units that NiiVue leaves alone. */
const SAMPLERS: Readonly<Record<DisplayAxis, { name: string; unit: number }>> = {
  x: { name: 'detailYz', unit: 16 },
  y: { name: 'detailXz', unit: 17 },
  z: { name: 'detailXy', unit: 18 },
}

/**
 * Planes at full resolution that lie on the slices in place of the level: at most one for each axis, shown until hidden.
 * Owns their textures; they go with the context.
 */
export class DetailPlanes {
  private readonly nv: Niivue
  private readonly textures = new Map<DisplayAxis, WebGLTexture>()
  /** Which plane is held across each axis; it is seen while the crosshair is in it. */
  private readonly shown = new Map<DisplayAxis, number>()
  private at: readonly [number, number, number] = [-1, -1, -1]

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
    const { scaleXyz, offsetXyz } = planeLine(grid)
    this.withShader((gl, program) => {
      gl.uniform3f(gl.getUniformLocation(program, 'detailScale'), ...scaleXyz)
      gl.uniform3f(gl.getUniformLocation(program, 'detailOffset'), ...offsetXyz)
    })
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
    this.shown.set(axis, index)
    this.applyShown()
    return true
  }

  /** The crosshair came here: planes elsewhere are not seen, the level is; they are again when it comes back. */
  keepAt(indexXyz: readonly [number, number, number]): void {
    this.at = indexXyz
    this.applyShown()
  }

  hide(): void {
    this.shown.clear()
    this.applyShown()
  }

  private applyShown(): void {
    const [x, y, z] = AXES.map((name, axis) => (this.shown.get(name) === this.at[axis] ? 1 : 0))
    this.withShader((gl, program) => gl.uniform3f(gl.getUniformLocation(program, 'hasDetail'), x, y, z))
  }

  private withShader(work: (gl: WebGL2RenderingContext, program: WebGLProgram) => void): void {
    const { gl, sliceMMShader } = this.nv
    if (!sliceMMShader || gl.isContextLost()) return
    sliceMMShader.use(gl)
    work(gl, sliceMMShader.program)
  }
}
