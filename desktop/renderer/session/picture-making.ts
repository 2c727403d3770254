import type { PictureEnding, PictureFacts } from '../../../shared/contract/pictures.ts'
import { envelopeOf } from '../../../shared/errors/domain-error.ts'
import { withPngTexts } from '../../../shared/formats/png-text.ts'
import { boxOnScreen, FrameDrawing } from '../pictures/frame-drawing.ts'
import { writeGifMovie } from '../pictures/gif-movie.ts'
import { MovieDrawing } from '../pictures/movie-drawing.ts'
import type { MovieChoice } from '../pictures/movie-plan.ts'
import { movieFacts, pictureFacts } from '../pictures/picture-facts.ts'
import { PictureFile } from '../pictures/picture-file.ts'
import { writeVideoMovie } from '../pictures/video-movie.ts'
import type { DesktopStore, Store } from '../state/store.ts'
import type { PictureOf } from '../viewer/picture-drawing.ts'
import type { VolumeView } from '../viewer/volume-view.ts'
import type { BridgeClient } from './bridge-client.ts'
import type { PlaneRequests } from './plane-requests.ts'

/** What screenshots and movies need of the session. */
export interface PictureGround {
  store: DesktopStore
  bridge: BridgeClient
  planes: PlaneRequests
  view: () => VolumeView | null
  /** Does work; a failure becomes a notice. */
  attempt(work: () => Promise<unknown>): Promise<void>
}

/** Screenshots and movies of the open volume: chosen, drawn here, written by the main process. One at a time. */
export class PictureMaking {
  private readonly ground: PictureGround
  private ended: AbortController | null = null

  constructor(ground: PictureGround) {
    this.ground = ground
    ground.store.subscribe((state, before) => {
      // A range of slices belongs to one volume.
      if (state.volume?.volume_ref !== before.volume?.volume_ref) state.movieChosen({ first: null, last: null })
    })
  }

  /** Size of a picture at the size of the screen, and what the graphics card draws. */
  sizeOf = (of: PictureOf) => this.ground.view()?.pictures.size(of) ?? null

  /** Size of a movie at the size of the screen, and of the pane that is drawn for it. */
  movieSizeOf = ({ kind, pane }: Pick<MovieChoice, 'kind' | 'pane'>) => {
    const view = this.ground.view()
    const { volume } = this.store
    if (!view || !volume) return null
    const drawn = view.pictures.size(kind === 'slices' ? pane : '3d')
    return { drawn, size: kind === 'slices' ? boxOnScreen(view, pane, volume.shape_zyx) : drawn }
  }

  saveScreenshot = () =>
    this.make(1, async (signal) => {
      const { screenshotChoice } = this.store
      const frames = new FrameDrawing(this.ground, { ...screenshotChoice, isTrimmed: false, isEven: false })
      const picture = frames.draw({})
      const facts = pictureFacts(this.store, screenshotChoice.of, frames.box, screenshotChoice, frames.marks)
      return this.write('png', facts, signal, async (file) => {
        const texts = { Software: file.application, Provenance: file.provenance }
        await file.append(withPngTexts(await picture.png(), texts))
      })
    })

  saveMovie = () => {
    const { movieChoice, planesHidden } = this.store
    const { format } = movieChoice
    return this.make(0, async (signal) => {
      this.ground.view()?.hidePlanes()
      planesHidden()
      try {
        const movie = new MovieDrawing({ ...this.ground, signal, onDone: (done) => this.progressed(done) }, movieChoice)
        this.store.makingChanged({ doneFrames: 0, totalFrames: movie.numFrames })
        await movie.draw(0)
        const { frames, slices, numFrames } = movie
        const of = movieChoice.kind === 'slices' ? movieChoice.pane : '3d'
        const common = pictureFacts(this.store, of, frames.box, movieChoice, frames.marks)
        const facts = { ...common, ...movieFacts(movieChoice, numFrames, slices) }
        return await this.write(format, facts, signal, (file) =>
          format === 'gif' ? writeGifMovie(movie, file) : writeVideoMovie(movie, file, format),
        )
      } finally {
        this.ground.planes.changed()
      }
    })
  }

  /** Ends what is being made; nothing of it stays. */
  cancel = () => this.ended?.abort()

  /** @param work gives false where no place was chosen */
  private async make(totalFrames: number, work: (signal: AbortSignal) => Promise<boolean>): Promise<void> {
    if (this.ended) return
    const ended = new AbortController()
    this.ended = ended
    this.store.makingChanged({ doneFrames: 0, totalFrames })
    try {
      if (await work(ended.signal)) this.store.sheetChanged(null)
    } catch (error) {
      // What the user ended is no failure; of any other one a notice tells, under the sheet.
      if (!ended.signal.aborted) {
        this.store.sheetChanged(null)
        this.store.problemMet(envelopeOf(error))
      }
    } finally {
      this.ended = null
      this.store.makingChanged(null)
    }
  }

  /** Asks where to and has it written; what fails or is ended leaves no file. */
  private async write(
    ending: PictureEnding,
    facts: PictureFacts,
    signal: AbortSignal,
    fill: (file: PictureFile) => Promise<void>,
  ): Promise<boolean> {
    const { volume } = this.store
    if (!volume) return false
    const order = { volume_ref: volume.volume_ref, ending, facts }
    const begun = await this.ground.bridge.request('picture.begin', order)
    if (!begun) return false
    const file = new PictureFile(this.ground.bridge, begun)
    try {
      await fill(file)
      signal.throwIfAborted()
      const saved = await file.finish()
      if (saved) this.store.workDone(`Saved ${saved.name}.`, `${facts.width_px} × ${facts.height_px} pixels.`)
      return true
    } catch (error) {
      await file.discard().catch(() => undefined)
      throw error
    }
  }

  private progressed(doneFrames: number): void {
    const { making, makingChanged } = this.store
    if (making) makingChanged({ ...making, doneFrames })
  }

  private get store(): Store {
    return this.ground.store.getState()
  }
}
