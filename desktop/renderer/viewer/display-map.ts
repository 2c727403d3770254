import type { Niivue } from '@niivue/niivue'
import { type projectionFacts, projectionWindow, type Shares } from './projection-window.ts'

/** Colours that values are shown in, as NiiVue names them. */
export type ColormapName = 'gray' | 'viridis' | 'inferno' | 'magma' | 'plasma' | 'turbo'

/**
 * What 3D shows: the three planes, the brightest or the darkest value along each line of sight (`densest`: that of the
 * two which shows what is in the volume), a cloud as dense as it is bright, or nothing but the labels.
 */
export type Projection = 'planes' | 'densest' | 'maximum' | 'minimum' | 'volume' | 'nothing'

/** Half of the 3D view that is left out: what lies beyond a share of a display axis. */
export interface Cut {
  axis: 'x' | 'y' | 'z'
  share: number
}

/** How values become colours. Nothing of it touches the voxels on the graphics card. */
export interface Display {
  colormap: ColormapName
  /** 1 is linear; above, dark values come out brighter. */
  gamma: number
  /** Bright becomes dark, before the colours. */
  isInverted: boolean
  /** Standard deviation of a Gaussian over the slices, voxels of the file; 0 shows them as they are. */
  smoothingVox: number
  projection: Projection
  cut: Cut | null
  /** Surfaces of the labels are drawn in 3D. */
  hasSurfaces: boolean
}

const SIZE = 1024
/** As the patched shader counts them. */
const MODES = { planes: 0, largest: 1, smallest: 2, volume: 3, nothing: 4 } as const
/** A texture unit that NiiVue leaves alone, as 16 to 18 for planes. */
const UNIT = 19

/**
 * Colours of windowed values 0 … 1; alpha is the brightness after inversion and gamma.
 * @param colors 256 colours, RGBA
 */
export function displayMap(
  colors: ArrayLike<number>,
  { gamma, isInverted }: Pick<Display, 'gamma' | 'isInverted'>,
): Uint8Array {
  const map = new Uint8Array(SIZE * 4)
  for (let i = 0; i < SIZE; i++) {
    const share = i / (SIZE - 1)
    const shown = (isInverted ? 1 - share : share) ** (1 / gamma)
    const below = Math.min(254, Math.floor(shown * 255))
    const rest = shown * 255 - below
    for (let channel = 0; channel < 3; channel++)
      map[i * 4 + channel] = Math.round(
        colors[below * 4 + channel] * (1 - rest) + colors[(below + 1) * 4 + channel] * rest,
      )
    map[i * 4 + 3] = Math.round(shown * 255)
  }
  return map
}

/** What a projection needs to know of the level on show. */
export interface ProjectedLevel extends ReturnType<typeof projectionFacts> {
  /** The window that its histogram gives. */
  auto: Shares
}

/** Which values a display shows in 3D. The brightest as shown is the smallest value where it is inverted. */
export function projectionMode(
  { projection, isInverted }: Pick<Display, 'projection' | 'isInverted'>,
  isDark: boolean,
): keyof typeof MODES {
  if (projection === 'densest') return isDark ? 'smallest' : 'largest'
  if (projection === 'maximum') return isInverted ? 'smallest' : 'largest'
  if (projection === 'minimum') return isInverted ? 'largest' : 'smallest'
  return projection
}

/** Gives the patched shaders their window and colours. Owns one small texture, which goes with the context. */
export class DisplayShading {
  private readonly nv: Niivue
  private texture: WebGLTexture | null = null
  private window: Shares = { low: 0, high: 1 }
  private mode: keyof typeof MODES = 'planes'
  private display: Display | null = null
  private level: ProjectedLevel | null = null

  constructor(nv: Niivue) {
    this.nv = nv
  }

  /** Once the shaders are compiled, before anything is drawn. */
  attach(display: Display): void {
    this.forShaders((gl, at) => gl.uniform1i(at('displayMap'), UNIT))
    this.setDisplay(display)
  }

  /** Another level is on show. */
  setLevel(level: ProjectedLevel): void {
    this.level = level
    if (this.display) this.setDisplay(this.display)
  }

  /** Window as shares of the level's range. */
  setWindow(low: number, high: number): void {
    this.window = { low, high }
    const { window, mode, level } = this
    const values = mode === 'largest' ? level?.largest : mode === 'smallest' ? level?.smallest : null
    const projected = level ? projectionWindow(window, level.auto, values ?? null) : window
    this.forShaders((gl, at) => {
      gl.uniform2f(at('windowLowHigh'), low, high)
      gl.uniform2f(at('projectionLowHigh'), projected.low, projected.high)
    })
  }

  setDisplay(display: Display): void {
    const { gl } = this.nv
    this.display = display
    if (gl.isContextLost()) return
    this.texture ??= gl.createTexture()
    gl.activeTexture(gl.TEXTURE0 + UNIT)
    gl.bindTexture(gl.TEXTURE_2D, this.texture)
    const map = displayMap(this.nv.colormap(display.colormap), display)
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, SIZE, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, map)
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.LINEAR)
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE)
    gl.activeTexture(gl.TEXTURE0)
    const { cut } = display
    this.mode = projectionMode(display, this.level?.isDark ?? false)
    const normal = ['x', 'y', 'z'].map((axis) => (cut?.axis === axis ? 1 : 0))
    this.forShaders((context, at) => {
      context.uniform1i(at('projection'), MODES[this.mode])
      context.uniform4f(at('cutPlane'), normal[0], normal[1], normal[2], cut ? cut.share - 0.5 : 2)
    })
    this.setWindow(this.window.low, this.window.high)
  }

  private forShaders(
    work: (gl: WebGL2RenderingContext, at: (name: string) => WebGLUniformLocation | null) => void,
  ): void {
    const { gl, sliceMMShader, renderSliceShader } = this.nv
    if (gl.isContextLost()) return
    for (const shader of [sliceMMShader, renderSliceShader]) {
      if (!shader) continue
      shader.use(gl)
      work(gl, (name) => gl.getUniformLocation(shader.program, name))
    }
  }
}
