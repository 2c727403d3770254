import { reverseTriple, type Zyx } from '../../../shared/volume/zyx.ts'
import type { Cut } from './display-map.ts'
import type { LabelMesh } from './label-meshes.ts'
import { linkedProgram } from './linked-program.ts'

/** Where and how surfaces are drawn. */
export interface SurfaceView {
  /** Millimetres → clip space. */
  mvp: Float32Array
  firstMm: readonly [number, number, number]
  lastMm: readonly [number, number, number]
  shapeZyx: Zyx
  /** Red, green, blue, alpha of each slot; those without alpha are hidden. */
  colors: ArrayLike<number>
  cut: Cut | null
}

const VERTEX = `#version 300 es
precision highp float;
layout(location = 0) in vec3 voxel;
layout(location = 1) in vec3 normal;
uniform mat4 mvp;
uniform vec3 firstMm, lastMm, size;
out vec3 share;
out vec3 facing;
void main() {
  share = (voxel + 0.5) / size;
  vec3 extent = lastMm - firstMm;
  gl_Position = mvp * vec4(firstMm + share * extent, 1.0);
  // Towards the eye in the picture's own axes, whatever the voxels' sizes.
  vec3 inMm = normalize(normal * size / extent);
  facing = vec3(dot(vec3(mvp[0][0], mvp[1][0], mvp[2][0]), inMm), dot(vec3(mvp[0][1], mvp[1][1], mvp[2][1]), inMm), dot(vec3(mvp[0][2], mvp[1][2], mvp[2][2]), inMm));
  facing /= vec3(length(vec3(mvp[0][0], mvp[1][0], mvp[2][0])), length(vec3(mvp[0][1], mvp[1][1], mvp[2][1])), length(vec3(mvp[0][2], mvp[1][2], mvp[2][2])));
}`

const FRAGMENT = `#version 300 es
precision highp float;
in vec3 share;
in vec3 facing;
uniform vec3 labelColor;
uniform vec4 cutPlane;
out vec4 color;
void main() {
  if (dot(cutPlane.xyz, share - 0.5) > cutPlane.w) discard;
  vec3 toLight = normalize(vec3(-0.35, 0.45, -0.8));
  // Lit from both sides: a surface that is cut open shows its inside.
  float light = abs(dot(normalize(facing), toLight));
  float shine = pow(light, 24.0);
  color = vec4(labelColor * (0.25 + 0.75 * light) + 0.18 * shine, 1.0);
}`

interface Uploaded {
  slot: number
  vertices: WebGLVertexArrayObject | null
  buffers: (WebGLBuffer | null)[]
  numCorners: number
}

/** Draws surfaces of labels into the viewport that is set, over what is there. Owns their buffers; they go with the context. */
export class SurfaceDrawing {
  private readonly gl: WebGL2RenderingContext
  private readonly program: WebGLProgram
  private surfaces: Uploaded[] = []

  /** @throws when the driver refuses the shader */
  constructor(gl: WebGL2RenderingContext) {
    this.gl = gl
    this.program = linkedProgram(gl, VERTEX, FRAGMENT)
  }

  /** Replaces all surfaces. */
  take(meshes: readonly LabelMesh[]): void {
    const { gl } = this
    for (const { vertices, buffers } of this.surfaces) {
      gl.deleteVertexArray(vertices)
      for (const buffer of buffers) gl.deleteBuffer(buffer)
    }
    const before = gl.getParameter(gl.VERTEX_ARRAY_BINDING) as WebGLVertexArrayObject | null
    this.surfaces = meshes.map((mesh) => this.uploaded(mesh))
    gl.bindVertexArray(before)
  }

  draw({ mvp, firstMm, lastMm, shapeZyx, colors, cut }: SurfaceView): void {
    const { gl } = this
    const before = gl.getParameter(gl.VERTEX_ARRAY_BINDING) as WebGLVertexArrayObject | null
    // biome-ignore lint/correctness/useHookAtTopLevel: WebGL's `useProgram`, not a hook of React.
    gl.useProgram(this.program)
    gl.clear(gl.DEPTH_BUFFER_BIT)
    gl.enable(gl.DEPTH_TEST)
    gl.depthMask(true)
    gl.depthFunc(gl.LEQUAL)
    gl.disable(gl.CULL_FACE)
    gl.disable(gl.BLEND)
    gl.uniformMatrix4fv(this.at('mvp'), false, mvp)
    gl.uniform3f(this.at('firstMm'), ...firstMm)
    gl.uniform3f(this.at('lastMm'), ...lastMm)
    gl.uniform3f(this.at('size'), ...reverseTriple(shapeZyx))
    const normal = ['x', 'y', 'z'].map((axis) => (cut?.axis === axis ? 1 : 0))
    gl.uniform4f(this.at('cutPlane'), normal[0], normal[1], normal[2], cut ? cut.share - 0.5 : 2)
    for (const { slot, vertices, numCorners } of this.surfaces) {
      const [red, green, blue, alpha] = [0, 1, 2, 3].map((channel) => colors[slot * 4 + channel] / 255)
      if (alpha === 0) continue
      gl.uniform3f(this.at('labelColor'), red, green, blue)
      gl.bindVertexArray(vertices)
      gl.drawElements(gl.TRIANGLES, numCorners, gl.UNSIGNED_INT, 0)
    }
    gl.bindVertexArray(before)
    gl.enable(gl.BLEND)
  }

  private uploaded({ slot, points, normals, triangles }: LabelMesh): Uploaded {
    const { gl } = this
    const vertices = gl.createVertexArray()
    gl.bindVertexArray(vertices)
    const buffers = [points, normals].map((values, location) => {
      const buffer = gl.createBuffer()
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer)
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW)
      gl.enableVertexAttribArray(location)
      gl.vertexAttribPointer(location, 3, gl.FLOAT, false, 0, 0)
      return buffer
    })
    const corners = gl.createBuffer()
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, corners)
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, triangles, gl.STATIC_DRAW)
    return { slot, vertices, buffers: [...buffers, corners], numCorners: triangles.length }
  }

  private at(name: string): WebGLUniformLocation | null {
    return this.gl.getUniformLocation(this.program, name)
  }
}
