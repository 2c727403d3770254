import type { Plugin } from 'vite'

interface Edit {
  from: string
  to: string
}

/** Windowed value → colour; alpha is its brightness. */
const DISPLAY_COLOR =
  'uniform highp sampler2D displayMap;\nvec4 displayColor(float code) {\n	float shown = clamp((code - windowLowHigh.x) / (windowLowHigh.y - windowLowHigh.x), 0.0, 1.0);\n	return texture(displayMap, vec2((shown * 1023.0 + 0.5) / 1024.0, 0.5));\n}\n'

/**
 * The display window as a uniform: contrast changes cost one redraw instead of a new texture of the volume. Before it,
 * planes at the file's full resolution take the place of the level on the slices, and labels at full resolution that of
 * the drawing layer; the crosshair stays over them.
 * The last blocks of a level may reach beyond the file: nothing is drawn there.
 */
const WINDOW_UNIFORM: readonly Edit[] = [
  {
    // Slices.
    from: 'uniform float drawRimOpacity;\nuniform bool isAlphaClipDark;\nuniform highp sampler3D drawing;',
    to: `uniform float drawRimOpacity;\nuniform vec2 windowLowHigh;\n${DISPLAY_COLOR}uniform highp sampler2D detailXy, detailXz, detailYz;\nuniform vec3 hasDetail;\nuniform highp sampler2D labelsXy, labelsXz, labelsYz;\nuniform vec3 hasLabels;\nuniform vec3 detailScale;\nuniform vec3 detailOffset;\nuniform bool isAlphaClipDark;\nuniform highp sampler3D drawing;`,
  },
  {
    from: '	vec4 background = texture(volume, texPos);\n	color = vec4(background.rgb, opacity);',
    to: '	vec4 background = texture(volume, texPos);\n	vec3 detailAt = texPos * detailScale + detailOffset;\n	if (any(greaterThan(abs(detailAt - 0.5), vec3(0.5001)))) discard;\n	if (axCorSag == 0 && hasDetail.z > 0.5) background.rgb = texture(detailXy, hasDetail.z > 1.5 ? texPos.xy : detailAt.xy).rrr;\n	if (axCorSag == 1 && hasDetail.y > 0.5) background.rgb = texture(detailXz, hasDetail.y > 1.5 ? texPos.xz : detailAt.xz).rrr;\n	if (axCorSag == 2 && hasDetail.x > 0.5) background.rgb = texture(detailYz, hasDetail.x > 1.5 ? texPos.yz : detailAt.yz).rrr;\n	background.rgb = displayColor(background.r).rgb;\n	color = vec4(background.rgb, opacity);',
  },
  {
    from: '	ocolor.a *= overlayAlpha;\n	float drawV = texture(drawing, texPos).r;\n',
    to: '	ocolor.a *= overlayAlpha;\n	float drawV = texture(drawing, texPos).r;\n	if (axCorSag == 0 && hasLabels.z > 0.5) drawV = texture(labelsXy, detailAt.xy).r;\n	if (axCorSag == 1 && hasLabels.y > 0.5) drawV = texture(labelsXz, detailAt.xz).r;\n	if (axCorSag == 2 && hasLabels.x > 0.5) drawV = texture(labelsYz, detailAt.yz).r;\n',
  },
  {
    // The three planes in 3D.
    from: 'var fragRenderSliceShader = `#version 300 es\n#line 215\n#define MAX_CLIP_PLANES 6\nprecision highp int;\nprecision highp float;\n',
    to: `var fragRenderSliceShader = \`#version 300 es\n#line 215\n#define MAX_CLIP_PLANES 6\nprecision highp int;\nprecision highp float;\nuniform vec2 windowLowHigh;\nuniform vec2 projectionLowHigh;\nuniform int projection;\nuniform vec4 cutPlane;\n${DISPLAY_COLOR}`,
  },
  {
    from: '		colAcc = texture(volume, samplePos.xyz);\n',
    to: '		colAcc = texture(volume, samplePos.xyz);\n		colAcc.rgb = displayColor(colAcc.r).rgb;\n',
  },
]

/**
 * 3D as a projection in place of the planes: 1 largest value along the line of sight, 2 smallest, both in a window of
 * their own, 3 a cloud as dense as it is bright. What lies beyond the cut plane is left out. At most 256 samples a line.
 */
const PROJECTION: readonly Edit[] = [
  {
    from: '	//the following are only used by overlays\n',
    to: `	if (projection > 0) {
		colAcc = vec4(0.0);
		firstHit = vec4(0.0, 0.0, 0.0, 2.0 * len);
		backNearest = len;
		samplePos = vec4(start.xyz, 0.0);
		float numSteps = clamp(ceil(lenVox), 1.0, 256.0);
		float perStep = lenVox / numSteps;
		float found = -1.0;
		for (int i = 0; i < 256; i++) {
			if (float(i) >= numSteps) break;
			vec3 at = start + dir * len * ((float(i) + 0.5) / numSteps);
			if (projection == 4 || dot(cutPlane.xyz, at - 0.5) > cutPlane.w) continue;
			float code = texture(volume, at).r;
			if (projection == 3) {
				vec4 shown = displayColor(code);
				float density = 1.0 - pow(1.0 - 0.12 * shown.a * shown.a, perStep);
				colAcc += (1.0 - colAcc.a) * density * vec4(shown.rgb, 1.0);
				if (colAcc.a > 0.97) break;
			} else found = max(found, projection == 1 ? code : 1.0 - code);
		}
		if (projection < 3 && found >= 0.0) {
			float share = ((projection == 1 ? found : 1.0 - found) - projectionLowHigh.x) / (projectionLowHigh.y - projectionLowHigh.x);
			colAcc = vec4(displayColor(windowLowHigh.x + share * (windowLowHigh.y - windowLowHigh.x)).rgb, earlyTermination);
		}
		if (projection == 3 && colAcc.a > 0.0) colAcc.a = earlyTermination;
	}
	//the following are only used by overlays
`,
  },
]

/** Surfaces of labels are ours, drawn over the volume in 3D; the labels' voxels are not drawn there then. */
const SURFACES: readonly Edit[] = [
  {
    from: '      this.drawImage3D(mvpMatrix, azimuth, elevation);\n    }\n    this.updateInterpolation(0);',
    to: '      this.drawImage3D(mvpMatrix, azimuth, elevation);\n      this.drawSurfaces?.(mvpMatrix);\n    }\n    this.updateInterpolation(0);',
  },
  {
    from: '      renderDrawAmbientOcclusion: this.renderDrawAmbientOcclusion,\n      drawOpacity: this.drawOpacity,',
    to: '      renderDrawAmbientOcclusion: this.renderDrawAmbientOcclusion,\n      drawOpacity: this.hasSurfaces ? 0 : this.drawOpacity,',
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

/** Y down in XY is a mirrored picture of that pane only, and where the mouse is in it: 3D and data stay as they are. */
const Y_DOWN: readonly Edit[] = [
  {
    from: '    mat418.multiply(modelViewProjectionMatrix, projectionMatrix, modelMatrix);\n    return {\n      modelViewProjectionMatrix,\n',
    to: '    mat418.multiply(modelViewProjectionMatrix, projectionMatrix, modelMatrix);\n    if (this.isYDown && Math.abs(elevation) === 90) for (const row of [1, 5, 9, 13]) modelViewProjectionMatrix[row] *= -1;\n    return {\n      modelViewProjectionMatrix,\n',
  },
  {
    from: '  const fracY = 1 - (y - ltwh[1]) / ltwh[3];\n  if (fracX < 0 || fracX > 1 || fracY < 0 || fracY > 1) {\n    return texFrac;\n  }\n  if (slice3.AxyzMxy.length < 4) {',
    to: '  const fromTop = (y - ltwh[1]) / ltwh[3];\n  const fracY = slice3.isYDown ? fromTop : 1 - fromTop;\n  if (fracX < 0 || fracX > 1 || fracY < 0 || fracY > 1) {\n    return texFrac;\n  }\n  if (slice3.AxyzMxy.length < 4) {',
  },
  {
    from: '      this.screenSlices.push({\n        leftTopWidthHeight,\n        axCorSag,\n        sliceFrac,\n',
    to: '      this.screenSlices.push({\n        isYDown: this.isYDown && axCorSag === 0,\n        leftTopWidthHeight,\n        axCorSag,\n        sliceFrac,\n',
  },
]

/**
 * Each slice has a zoom and a place of its own and may fill its whole pane; at zoom 1 the volume fits in it. The
 * crosshair's lines are a pixel wide in each.
 */
const SLICE_ZOOM: readonly Edit[] = [
  {
    from: '            const actualDimensions = this.calculateWidthHeight(sliceType, volScale, leftTopWidthHeight[2], leftTopWidthHeight[3]);\n            this.draw2D(leftTopWidthHeight, sliceType, sliceMM ?? NaN, actualDimensions);',
    to: '            this.draw2D(leftTopWidthHeight, sliceType, sliceMM ?? NaN);',
  },
  {
    from: '    const gl = this.gl;\n    let isStretchToScreen = false;\n',
    to: `    const gl = this.gl;
    if (leftTopWidthHeight[2] > 0 && leftTopWidthHeight[3] > 0) {
      const pixPerMM = Math.min(leftTopWidthHeight[2] / screen.fovMM[0], leftTopWidthHeight[3] / screen.fovMM[1]);
      for (const axis of [0, 1]) {
        const middle = (screen.mnMM[axis] + screen.mxMM[axis]) * 0.5;
        screen.fovMM[axis] = leftTopWidthHeight[axis + 2] / pixPerMM;
        screen.mnMM[axis] = middle - screen.fovMM[axis] * 0.5;
        screen.mxMM[axis] = middle + screen.fovMM[axis] * 0.5;
      }
    }
    let isStretchToScreen = false;
`,
  },
  {
    from: '      const pan = this.scene.pan2Dxyzmm;\n      const panXY = this.swizzleVec3MM(vec324.fromValues(pan[0], pan[1], pan[2]), axCorSag);\n      const zoom = this.scene.pan2Dxyzmm[3];',
    to: '      const pan = this.sliceZooms?.[axCorSag] ?? this.scene.pan2Dxyzmm;\n      const panXY = this.swizzleVec3MM(vec324.fromValues(pan[0], pan[1], pan[2]), axCorSag);\n      const zoom = pan[3];',
  },
  {
    from: '    if (isNaN(customMM)) {\n      this.drawCrosshairs3D(true, 1,',
    to: '    if (isNaN(customMM)) {\n      this.opts.crosshairWidth = 1.02 * (this.uiData.dpr ?? 1) * Math.abs(obj.fovMM[0]) / leftTopWidthHeight[2];\n      this.drawCrosshairs3D(true, 1,',
  },
  {
    from: '    if (this.crosshairs3D === null || this.crosshairs3D.mm[0] !== mm[0]',
    to: '    if (this.crosshairs3D === null || this.crosshairs3D.radius !== radius || this.crosshairs3D.mm[0] !== mm[0]',
  },
  {
    from: '        gl.deleteBuffer(this.crosshairs3D.vertexBuffer);\n      }\n      this.crosshairs3D = NiivueObject3D.generateCrosshairs(this.gl, 1, mm, mn, mx, radius, 20, this.opts.crosshairGap);\n',
    to: '        gl.deleteBuffer(this.crosshairs3D.vertexBuffer);\n        gl.deleteVertexArray(this.crosshairs3D.vao);\n      }\n      this.crosshairs3D = NiivueObject3D.generateCrosshairs(this.gl, 1, mm, mn, mx, radius, 20, this.opts.crosshairGap);\n      this.crosshairs3D.radius = radius;\n',
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
      for (const { from, to } of [
        ...MEMORY,
        ...WINDOW_UNIFORM,
        ...PROJECTION,
        ...HATCH,
        ...Y_DOWN,
        ...SLICE_ZOOM,
        ...SURFACES,
      ]) {
        const found = patched.split(from).length - 1
        if (found !== 1) this.error(`NiiVue changed: ${found} places for ${JSON.stringify(from.slice(0, 80))}`)
        patched = patched.replace(from, () => to)
      }
      return { code: patched, map: null }
    },
  }
}
