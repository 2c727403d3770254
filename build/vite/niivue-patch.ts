import type { Plugin } from 'vite'

interface Edit {
  from: string
  to: string
}

/** The display window as a uniform: contrast changes cost one redraw instead of a new texture of the volume. */
const WINDOW_UNIFORM: readonly Edit[] = [
  {
    // Slices.
    from: 'uniform float drawRimOpacity;\nuniform bool isAlphaClipDark;\nuniform highp sampler3D drawing;',
    to: 'uniform float drawRimOpacity;\nuniform vec2 windowLowHigh;\nuniform bool isAlphaClipDark;\nuniform highp sampler3D drawing;',
  },
  {
    from: '	vec4 background = texture(volume, texPos);\n	color = vec4(background.rgb, opacity);',
    to: '	vec4 background = texture(volume, texPos);\n	background.rgb = clamp((background.rgb - windowLowHigh.x) / (windowLowHigh.y - windowLowHigh.x), 0.0, 1.0);\n	color = vec4(background.rgb, opacity);',
  },
  {
    // The three planes in 3D.
    from: 'var fragRenderSliceShader = `#version 300 es\n#line 215\n#define MAX_CLIP_PLANES 6\nprecision highp int;\nprecision highp float;\n',
    to: 'var fragRenderSliceShader = `#version 300 es\n#line 215\n#define MAX_CLIP_PLANES 6\nprecision highp int;\nprecision highp float;\nuniform vec2 windowLowHigh;\n',
  },
  {
    from: '		colAcc = texture(volume, samplePos.xyz);\n',
    to: '		colAcc = texture(volume, samplePos.xyz);\n		colAcc.rgb = clamp((colAcc.rgb - windowLowHigh.x) / (windowLowHigh.y - windowLowHigh.x), 0.0, 1.0);\n',
  },
]

/** Slot 255 of the drawing layer means "not computed yet": thin diagonal lines on the slices, nothing in 3D. */
const HATCH: readonly Edit[] = [
  {
    from: '	vec4 dcolor = drawColor(drawV, drawOpacity);\n	if (dcolor.a > 0.0) {\n		if (drawRimOpacity',
    to: '	vec4 dcolor = drawColor(drawV, drawOpacity);\n	if (drawV > 0.998) dcolor = mod(gl_FragCoord.x + gl_FragCoord.y, 18.0) < 2.0 && drawOpacity > 0.0 ? vec4(0.29, 0.62, 0.92, 0.45) : vec4(0.0);\n	if (dcolor.a > 0.0) {\n		if (drawRimOpacity',
  },
]

/** The gradient texture is unused unless something is lit; the overlay texture must go before it is replaced. */
const MEMORY: readonly Edit[] = [
  {
    from: '    if (layer === 0) {\n      this.volumeTexture = outTexture;\n      this.gradientTexture = gradientGL({',
    to: '    if (layer === 0) this.volumeTexture = outTexture;\n    if (layer === 0 && (this.gradientTextureAmount > 0 || this.opts.gradientOpacity > 0 || this.renderGradientValues)) {\n      this.gradientTexture = gradientGL({',
  },
  {
    from: '      if (layer === 1) {\n        const textures = allocateVolumeTextures({',
    to: '      if (layer === 1) {\n        if (this.overlayTexture) this.gl.deleteTexture(this.overlayTexture);\n        const textures = allocateVolumeTextures({',
  },
]

/** Edits NiiVue 0.69.0 while it is bundled, and fails the build if its text changed. */
export function niivuePatch(): Plugin {
  return {
    name: 'niivue-patch',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('@niivue/niivue/build/niivue/index.js')) return
      let patched = code
      for (const { from, to } of [...MEMORY, ...WINDOW_UNIFORM, ...HATCH]) {
        const found = patched.split(from).length - 1
        if (found !== 1) this.error(`NiiVue changed: ${found} places for ${JSON.stringify(from.slice(0, 80))}`)
        patched = patched.replace(from, () => to)
      }
      return { code: patched, map: null }
    },
  }
}
