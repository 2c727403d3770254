import { DomainError } from '../../../shared/errors/domain-error.ts'
import type { Xyz } from '../../../shared/volume/zyx.ts'
import type { PlaneRequests } from '../session/plane-requests.ts'
import type { Store } from '../state/store.ts'
import { planeIndex } from '../state/view-slice.ts'
import { PANE_AXIS } from '../viewer/pane-layout.ts'
import type { PictureMoment } from '../viewer/picture-drawing.ts'
import type { Composer } from './composer.ts'
import { FrameDrawing, type FrameGround } from './frame-drawing.ts'
import { azimuthsOf, type MovieChoice, slicesOf } from './movie-plan.ts'
import type { MovieSource } from './movie-source.ts'

export interface MovieGround extends FrameGround {
  planes: PlaneRequests
  signal: AbortSignal
  onDone: (numFrames: number) => void
}

/** The axis of the file that slices of a pane follow each other along. */
export function fileAxisOf({ level }: Pick<Store, 'level'>, pane: MovieChoice['pane']): 0 | 1 | 2 {
  const axis = 'xyz'.indexOf(PANE_AXIS[pane] ?? 'z')
  return (level?.orientation.fileAxisXyz[axis] ?? axis) as 0 | 1 | 2
}

/** Frames of one movie as the user chose it. Ends when the volume is closed, or the signal aborts. */
export class MovieDrawing implements MovieSource {
  readonly width: number
  readonly height: number
  readonly numFrames: number
  readonly framesPerSecond: number
  /** Which slices of the file; null for a rotation. */
  readonly slices: { fileAxis: 0 | 1 | 2; indices: readonly number[] } | null
  readonly frames: FrameDrawing
  private readonly ground: MovieGround
  private readonly choice: MovieChoice
  private readonly azimuths: readonly number[]

  /** @throws {DomainError} as `FrameDrawing` does */
  constructor(ground: MovieGround, choice: MovieChoice) {
    this.ground = ground
    this.choice = choice
    const isSlices = choice.kind === 'slices'
    const { scale, hasScaleBar, hasMask, hasCrosshair, hasMeasurements } = choice
    const shown = { hasScaleBar, hasMask, hasCrosshair, hasMeasurements }
    const look = { scale, ...shown, isTrimmed: isSlices, isEven: choice.format !== 'gif' }
    this.frames = new FrameDrawing(ground, { of: isSlices ? choice.pane : '3d', ...look })
    this.slices = isSlices ? this.slicesOf() : null
    this.azimuths = isSlices ? [] : azimuthsOf(choice, ground.view()?.camera().azimuth_deg ?? 0)
    this.numFrames = this.slices?.indices.length ?? this.azimuths.length
    this.framesPerSecond = choice.framesPerSecond
    ;({ width: this.width, height: this.height } = this.frames.box)
  }

  async draw(index: number): Promise<Composer> {
    // The window answers between two frames.
    await turn()
    const moment = this.slices
      ? await this.sliceMoment(this.slices.fileAxis, this.slices.indices[index])
      : { azimuthDeg: this.azimuths[index] }
    if (this.ground.signal.aborted) throw new DomainError('canceled')
    return this.frames.draw(moment)
  }

  done(numFrames: number): void {
    this.ground.onDone(numFrames)
  }

  private slicesOf() {
    const { volume } = this.ground.store.getState()
    const fileAxis = fileAxisOf(this.ground.store.getState(), this.choice.pane)
    return { fileAxis, indices: slicesOf(this.choice, volume?.shape_zyx[2 - fileAxis] ?? 1) }
  }

  private async sliceMoment(fileAxis: 0 | 1 | 2, index: number): Promise<PictureMoment> {
    const { volume, level, crosshairXyz } = this.ground.store.getState()
    const axis = PANE_AXIS[this.choice.pane]
    if (!volume || !level || !crosshairXyz || !axis) throw new DomainError('volume_not_open')
    const crosshair = crosshairXyz.map((at, one) => (one === fileAxis ? index : at)) as unknown as Xyz
    const across = planeIndex(volume, level, crosshair, axis)
    const plane = await this.ground.planes.fetch(axis, across, this.ground.signal)
    return plane ? { crosshair, plane } : { crosshair }
  }
}

/** Not a timer: those wait long while the window is hidden. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
