// 0.5 GB as RGBA8, which is how NiiVue keeps a level on the graphics card.
const VOXELS_ON_A_CARD = 128 * 1024 * 1024
// Drawn by the processor, a larger level takes seconds to appear.
const VOXELS_IN_SOFTWARE = 16 * 1024 * 1024

// A level is in the window's memory once more, and four bytes a voxel where card and processor share theirs.
const VOXELS_PER_GB = 32 * 1024 * 1024

/** The largest level that is shown: limited by memory and the card's textures, and by speed where there is no card. */
export function graphicsLimits(gl: WebGL2RenderingContext): { maxVoxels: number; maxAxis: number } {
  const facts = gl.getExtension('WEBGL_debug_renderer_info')
  const renderer = String(facts ? gl.getParameter(facts.UNMASKED_RENDERER_WEBGL) : gl.getParameter(gl.RENDERER))
  const isSoftware = /swiftshader|llvmpipe|software|basic render/i.test(renderer)
  return {
    maxVoxels: Math.min(isSoftware ? VOXELS_IN_SOFTWARE : VOXELS_ON_A_CARD, memoryGb() * VOXELS_PER_GB),
    maxAxis: Number(gl.getParameter(gl.MAX_3D_TEXTURE_SIZE)),
  }
}

/** Memory of this computer as Chromium tells it: a power of two, 8 for all that have more. */
function memoryGb(): number {
  return (navigator as Navigator & { deviceMemory?: number }).deviceMemory ?? 8
}
