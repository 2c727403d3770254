// 0.5 GB as RGBA8, which is how NiiVue keeps a level on the graphics card.
const VOXELS_ON_A_CARD = 128 * 1024 * 1024
// Drawn by the processor, a larger level takes seconds to appear.
const VOXELS_IN_SOFTWARE = 16 * 1024 * 1024

/** The largest level that is shown: limited by the card's textures, and by speed where there is no card. */
export function graphicsLimits(gl: WebGL2RenderingContext): { maxVoxels: number; maxAxis: number } {
  const facts = gl.getExtension('WEBGL_debug_renderer_info')
  const renderer = String(facts ? gl.getParameter(facts.UNMASKED_RENDERER_WEBGL) : gl.getParameter(gl.RENDERER))
  const isSoftware = /swiftshader|llvmpipe|software|basic render/i.test(renderer)
  return {
    maxVoxels: isSoftware ? VOXELS_IN_SOFTWARE : VOXELS_ON_A_CARD,
    maxAxis: Number(gl.getParameter(gl.MAX_3D_TEXTURE_SIZE)),
  }
}
