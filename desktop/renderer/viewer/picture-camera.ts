import type { Niivue } from '@niivue/niivue'
import type { ViewState } from '../../../shared/contract/preferences.ts'

/** Where the picture is looked at from. */
export type Camera = NonNullable<ViewState['camera']>

/** Azimuth and elevation in degrees: all three planes are seen. */
const FIRST_VIEW = [125, 32] as const
const FIRST_SCALE = 0.78

/** Zoom and position of the slices, turn and size of the 3D view. Nothing is drawn here. */
export class PictureCamera {
  private readonly nv: Niivue

  constructor(nv: Niivue) {
    this.nv = nv
  }

  get zoom(): number {
    return this.nv.scene.pan2Dxyzmm[3]
  }

  reset(): void {
    for (let axis = 0; axis < 4; axis++) this.nv.scene.pan2Dxyzmm[axis] = axis === 3 ? 1 : 0
    this.turn3D()
  }

  turn3D(): void {
    this.nv.setScale(FIRST_SCALE)
    this.nv.setRenderAzimuthElevation(...FIRST_VIEW)
  }

  zoom3D(factor: number): void {
    this.nv.setScale(this.nv.scene.volScaleMultiplier * factor)
  }

  /** Enlarges the slices about the crosshair. */
  zoomSlices(factor: number): void {
    const { pan2Dxyzmm: pan, crosshairPos } = this.nv.scene
    const before = pan[3]
    const after = Math.min(20, Math.max(0.5, before * factor))
    const centre = this.nv.frac2mm(crosshairPos)
    for (let axis = 0; axis < 3; axis++) pan[axis] += (before - after) * centre[axis]
    pan[3] = after
  }

  now(): Camera {
    const { pan2Dxyzmm: pan, renderAzimuth, renderElevation, volScaleMultiplier } = this.nv.scene
    return {
      pan_xyz: [pan[0], pan[1], pan[2]],
      zoom: pan[3],
      azimuth_deg: renderAzimuth,
      elevation_deg: renderElevation,
      scale_3d: volScaleMultiplier,
    }
  }

  set({ pan_xyz, zoom, azimuth_deg, elevation_deg, scale_3d }: Camera): void {
    for (const [axis, value] of [...pan_xyz, zoom].entries()) this.nv.scene.pan2Dxyzmm[axis] = value
    this.nv.setScale(scale_3d)
    this.nv.setRenderAzimuthElevation(azimuth_deg, elevation_deg)
  }
}
