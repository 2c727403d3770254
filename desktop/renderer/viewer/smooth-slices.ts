import { GAUSSIAN_FRAGMENT, GAUSSIAN_VERTEX, reachOf } from './gaussian.ts'
import { linkedProgram } from './linked-program.ts'

/** What is smoothed: a plane of the file, or the plane of the level at a share of its length. */
export type SmoothSource =
  | { kind: 'plane'; texture: WebGLTexture; size: readonly [columns: number, rows: number] }
  | {
      kind: 'level'
      texture: WebGLTexture
      size: readonly [columns: number, rows: number]
      axis: 0 | 1 | 2
      share: number
    }

// Units that NiiVue and our own samplers leave alone.
const FLAT_UNIT = 20
const VOLUME_UNIT = 21

/**
 * Smooths slices for display on the graphics card: two passes a slice, in as many bits as the card can draw. Owns its
 * program and textures; they go with the context.
 */
export class SmoothSlices {
  private readonly gl: WebGL2RenderingContext
  private readonly program: WebGLProgram
  private readonly frame: WebGLFramebuffer | null
  private readonly vertices: WebGLVertexArrayObject | null
  private readonly between: WebGLTexture
  private readonly format: number

  /** @throws when the driver refuses the shader */
  constructor(gl: WebGL2RenderingContext) {
    this.gl = gl
    this.program = linkedProgram(gl, GAUSSIAN_VERTEX, GAUSSIAN_FRAGMENT)
    this.frame = gl.createFramebuffer()
    this.vertices = gl.createVertexArray()
    this.between = gl.createTexture()
    // With eight bits a narrow window would show the steps that smoothing has just removed.
    this.format = gl.getExtension('EXT_color_buffer_float') ? gl.R16F : gl.R8
  }

  /** Draws the smoothed source into the texture. @param sigmaTexels standard deviation in texels of the source */
  draw(source: SmoothSource, sigmaTexels: number, target: WebGLTexture): void {
    const { gl } = this
    const kept = keptState(gl)
    // biome-ignore lint/correctness/useHookAtTopLevel: WebGL's `useProgram`, not a hook of React.
    gl.useProgram(this.program)
    gl.bindVertexArray(this.vertices)
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame)
    gl.uniform1i(this.at('flatSource'), FLAT_UNIT)
    gl.uniform1i(this.at('volumeSource'), VOLUME_UNIT)
    this.set('size', source.size)
    gl.uniform1f(this.at('sigma'), sigmaTexels)
    gl.uniform1i(this.at('reach'), reachOf(sigmaTexels))
    gl.uniform1i(this.at('axis'), source.kind === 'level' ? source.axis : 2)
    this.pass(source, [1, 0], this.between)
    this.pass({ kind: 'plane', texture: this.between, size: source.size }, [0, 1], target)
    this.bind(FLAT_UNIT, gl.TEXTURE_2D, target)
    gl.generateMipmap(gl.TEXTURE_2D)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR)
    kept.restore()
  }

  private pass(source: SmoothSource, direction: readonly [number, number], target: WebGLTexture): void {
    const { gl } = this
    const [columns, rows] = source.size
    this.bind(FLAT_UNIT, gl.TEXTURE_2D, target)
    gl.texImage2D(
      gl.TEXTURE_2D,
      0,
      this.format,
      columns,
      rows,
      0,
      gl.RED,
      this.format === gl.R8 ? gl.UNSIGNED_BYTE : gl.HALF_FLOAT,
      null,
    )
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.LINEAR)
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE)
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, target, 0)
    // Not the target itself, even where the shader does not look.
    this.bind(FLAT_UNIT, gl.TEXTURE_2D, source.kind === 'plane' ? source.texture : null)
    if (source.kind === 'level') this.bind(VOLUME_UNIT, gl.TEXTURE_3D, source.texture)
    gl.uniform1f(this.at('slice'), source.kind === 'level' ? source.share : -1)
    this.set('direction', direction)
    gl.viewport(0, 0, columns, rows)
    gl.drawArrays(gl.TRIANGLES, 0, 3)
  }

  private bind(unit: number, target: number, texture: WebGLTexture | null): void {
    this.gl.activeTexture(this.gl.TEXTURE0 + unit)
    this.gl.bindTexture(target, texture)
  }

  private at(name: string): WebGLUniformLocation | null {
    return this.gl.getUniformLocation(this.program, name)
  }

  private set(name: string, [x, y]: readonly [number, number]): void {
    this.gl.uniform2i(this.at(name), x, y)
  }
}

/** NiiVue counts on the state that it left. */
function keptState(gl: WebGL2RenderingContext): { restore(): void } {
  const switches = [gl.BLEND, gl.DEPTH_TEST, gl.CULL_FACE, gl.SCISSOR_TEST].filter((one) => gl.isEnabled(one))
  const [x, y, width, height] = gl.getParameter(gl.VIEWPORT) as Int32Array
  const program = gl.getParameter(gl.CURRENT_PROGRAM) as WebGLProgram | null
  const vertices = gl.getParameter(gl.VERTEX_ARRAY_BINDING) as WebGLVertexArrayObject | null
  for (const one of switches) gl.disable(one)
  return {
    restore: () => {
      gl.bindFramebuffer(gl.FRAMEBUFFER, null)
      gl.bindVertexArray(vertices)
      gl.useProgram(program)
      gl.viewport(x, y, width, height)
      for (const one of switches) gl.enable(one)
      gl.activeTexture(gl.TEXTURE0)
    },
  }
}
