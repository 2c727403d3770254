import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { BrowserWindow } from 'electron'
import {
  BRIDGE_CHANNELS,
  type BridgeInput,
  type DesktopEvent,
  type ExportedFile,
  type OpenedVolume,
} from '../../shared/contract/bridge.ts'
import type { LabelChange, MaskView } from '../../shared/contract/mask-view.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { askFile, askMaskFile, probabilityFiles } from './export-mask.ts'
import type { KeptFacts } from './file-facts.ts'
import { LabelNames } from './label-names.ts'
import { type FoundBeginning, MaskBeginnings } from './mask-beginnings.ts'
import { KeptMasks } from './mask-service/kept-masks.ts'
import type { MaskAnswer, MaskCall, MaskReply, MaskVolume } from './mask-service-messages.ts'
import type { OpenFiles } from './open-files.ts'
import type { Runs } from './runs.ts'
import { ServiceProcess } from './service-process.ts'
import type { CacheChoice } from './volume-host.ts'
import { volumeBaseName } from './volume-name.ts'
import { mayWriteOverChanged } from './window-questions.ts'

export interface MasksDeps {
  getWindow: () => BrowserWindow | null
  tell: (event: DesktopEvent) => void
  newRef: () => string
  /** Masks that are being corrected are kept here. */
  folder: string
  /** Unpacked copies of compressed volumes. */
  copies: CacheChoice
  programVersion: string
  files: OpenFiles
  runs: Runs
  facts: Pick<KeptFacts, 'labels' | 'signs'>
}

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
type Unconfirmed = Without<Extract<MaskCall, { type: 'save' | 'take' }>, 'is_confirmed'>

interface ShownMask {
  view: MaskView
  runRef: string | null
  names: LabelNames
  /** The run's probability was brought here. */
  hasProbability: boolean
}

/**
 * Correcting a mask: which one, what is told of it to the window, and what is kept for the next start. The voxels and
 * every operation are in the mask service.
 */
export class Masks {
  private readonly deps: MasksDeps
  private readonly service: ServiceProcess<MaskCall, MaskAnswer, Extract<MaskReply, { type: 'changed' }>>
  private readonly beginnings: MaskBeginnings
  private shown: ShownMask | null = null
  private hasOffered = false

  constructor(deps: MasksDeps) {
    this.deps = deps
    this.beginnings = new MaskBeginnings(deps)
    this.service = new ServiceProcess(
      {
        entry: 'mask-service.js',
        name: 'CryoMamba mask',
        portChannel: BRIDGE_CHANNELS.maskPort,
        stoppedCode: 'mask_service_stopped',
        getWindow: deps.getWindow,
        hello: { type: 'start', folder: deps.folder, copies: deps.copies, program_version: deps.programVersion },
        onStopped: (error) => this.stopped(error),
      },
      ({ view }) => this.changed(view),
    )
  }

  /** True while changes are kept that no export holds. */
  get isUnsaved(): boolean {
    return this.shown?.view.is_unsaved ?? false
  }

  connectWindow(): void {
    this.service.connectWindow()
    if (this.shown) this.deps.tell({ type: 'mask_changed', mask: this.shown.view })
  }

  /** Begins to correct a mask of the open volume. @throws {DomainError} `mask_unsaved`, `file_changed`, `mask_grid_differs`, … */
  async edit(input: BridgeInput<'mask.edit'>): Promise<MaskView | null> {
    if (this.shown?.view.is_unsaved) throw new DomainError('mask_unsaved', { name: this.shown.view.volume_name })
    const { volume, file } = this.deps.files.find(input.volume_ref)
    await this.deps.files.checkUnchanged(input.volume_ref)
    const found = await this.beginnings.find(input, file)
    const answer = found && (await this.begin(asMaskVolume(volume, file), found))
    return answer && this.took(answer, input.kind === 'run' ? input.run_ref : null, found.home)
  }

  /** Asks for the sign of a mask's bytes where it matters; null when the user leaves it. */
  private async begin(volume: MaskVolume, found: FoundBeginning): Promise<MaskAnswer | null> {
    const call = { type: 'begin', mask_ref: this.deps.newRef(), volume } as const
    try {
      return await this.service.call({ ...call, beginning: found.beginning })
    } catch (error) {
      if (!(error instanceof DomainError && error.code === 'mask_sign_doubtful')) throw error
      const told = await this.beginnings.askSign(found)
      return told && this.service.call({ ...call, beginning: told.beginning })
    }
  }

  async apply({ mask_ref, operation }: BridgeInput<'mask.apply'>): Promise<{ num_voxels: number }> {
    const answer = await this.ask({ type: 'apply', mask_ref, operation })
    return { num_voxels: answer.num_voxels ?? 0 }
  }

  async undo({ mask_ref }: { mask_ref: string }): Promise<void> {
    await this.ask({ type: 'undo', mask_ref })
  }

  async redo({ mask_ref }: { mask_ref: string }): Promise<void> {
    await this.ask({ type: 'redo', mask_ref })
  }

  async cancel({ mask_ref }: { mask_ref: string }): Promise<void> {
    await this.service.call({ type: 'cancel', mask_ref })
  }

  async changeLabel(change: LabelChange): Promise<void> {
    await this.ask({ type: 'label', change })
  }

  /** Brings the run's probability here. @throws {DomainError} `artifact_not_found`, `run_not_found` */
  async fetchProbability({ mask_ref }: { mask_ref: string }): Promise<void> {
    const shown = this.shown?.view.mask_ref === mask_ref ? this.shown : null
    if (shown?.hasProbability) return
    const runRef = shown?.runRef
    if (!runRef) throw new DomainError('probability_not_kept', { jobId: 'of this mask' })
    const [probability, candidate] = await probabilityFiles(this.deps.runs, runRef)
    await this.ask({ type: 'probability', mask_ref, probability, candidate })
    if (this.shown?.view.mask_ref === mask_ref) this.shown = { ...this.shown, hasProbability: true }
  }

  /** Writes the mask where the user says; null when no place was chosen. */
  async save({ mask_ref, format, labels, is_cropped }: BridgeInput<'mask.save'>): Promise<ExportedFile> {
    const { view, names } = this.find(mask_ref)
    const part = labels ? `_label_${labels.slice(0, 3).join('_')}` : ''
    const file = await askMaskFile(this.deps.getWindow(), view.volume_name, `_mask${part}`, format)
    if (!file) return null
    const target = { file, labels: labels ?? null, is_cropped: is_cropped ?? false }
    const answer = await this.writeOut({ type: 'save', mask_ref, target })
    if (!answer) return null
    await names.exportedTo(file)
    return { name: path.basename(file), size_bytes: answer.size_bytes ?? 0, warnings: answer.warnings ?? [] }
  }

  /** Writes surfaces, centres or measures where the user says; null when no place was chosen. */
  async take({ mask_ref, kind, ending, labels }: BridgeInput<'mask.take'>): Promise<ExportedFile> {
    const { view } = this.find(mask_ref)
    const file = await askFile(
      this.deps.getWindow(),
      `${volumeBaseName(view.volume_name)}_${kind}`,
      ending,
      ending.toUpperCase(),
    )
    if (!file) return null
    const answer = await this.writeOut({ type: 'take', mask_ref, kind, file, labels: labels ?? null })
    return answer && { name: path.basename(file), size_bytes: answer.size_bytes ?? 0, warnings: answer.warnings ?? [] }
  }

  /** @throws {DomainError} `mask_unsaved` */
  async close({ mask_ref, is_discarded }: BridgeInput<'mask.close'>): Promise<void> {
    const { names } = this.find(mask_ref)
    await this.service.call({ type: 'close', mask_ref, is_discarded })
    await (is_discarded ? names.discard() : names.flush())
    this.shown = null
    this.deps.tell({ type: 'mask_closed', mask_ref })
  }

  /** Tells the window once of changes that an earlier start kept. */
  async offerKept(): Promise<void> {
    if (this.hasOffered) return
    this.hasOffered = true
    // Most people keep none: no process is started to find that out.
    const folders = await readdir(this.deps.folder).catch(() => [])
    if (folders.length === 0) return
    const { kept = [], unreadable = [] } = await this.service.call({ type: 'kept' })
    for (const problem of unreadable) this.deps.tell({ type: 'problem', problem })
    if (kept[0]) this.deps.tell({ type: 'mask_kept', kept: kept[0].kept })
  }

  /** Runs whose masks are being corrected, or were and are kept; null where that cannot be told. */
  async neededRuns(): Promise<ReadonlySet<string> | null> {
    const kept = await new KeptMasks(this.deps.folder).runRefs()
    const runRef = this.shown?.runRef
    return kept && runRef ? new Set([...kept, runRef]) : kept
  }

  /** Takes up what was kept, on its volume, or throws it away. @throws {DomainError} `mask_journal_damaged`, … */
  async recover({ mask_ref, is_accepted }: BridgeInput<'mask.recover'>): Promise<void> {
    const { kept = [] } = await this.service.call({ type: 'kept' })
    const found = kept.find((one) => one.kept.mask_ref === mask_ref)
    if (!found) throw new DomainError('mask_not_open')
    if (!is_accepted) {
      await this.service.call({ type: 'forget', mask_ref })
      this.hasOffered = false
      return this.offerKept()
    }
    await this.deps.files.open(found.file, found.mode0)
    const { volume, file } = this.deps.files.findFile(found.file)
    const runRef = found.run_ref !== null && this.deps.runs.isKnown(found.run_ref) ? found.run_ref : null
    const call = { type: 'recover', mask_ref, can_have_probability: runRef !== null } as const
    const answer = await this.service.call({ ...call, volume: asMaskVolume(volume, file) })
    this.took(answer, runRef, answer.view?.origin === 'empty' ? file : null)
  }

  /** Another volume is open, or none: changes that no export holds stay on disk, and are offered at once. */
  async volumeChanged(): Promise<void> {
    await this.shown?.names.flush()
    const maskRef = this.forgetShown()
    if (maskRef === null) return
    await this.service.call({ type: 'leave', mask_ref: maskRef })
    this.hasOffered = false
    await this.offerKept()
  }

  stop(): void {
    void this.shown?.names.flush()
    this.service.stop()
  }

  private forgetShown(): string | null {
    const maskRef = this.shown?.view.mask_ref ?? null
    this.shown = null
    if (maskRef !== null) this.deps.tell({ type: 'mask_closed', mask_ref: maskRef })
    return maskRef
  }

  private find(maskRef: string): ShownMask {
    if (this.shown?.view.mask_ref !== maskRef) throw new DomainError('mask_not_open')
    return this.shown
  }

  private async ask(call: MaskCall): Promise<MaskAnswer> {
    const answer = await this.service.call(call)
    if (answer.view) this.changed(answer.view)
    return answer
  }

  /** Asks first where the volume is another file than when the mask was begun; null when the user leaves it then. */
  private async writeOut(call: Unconfirmed): Promise<MaskAnswer | null> {
    try {
      return await this.ask({ ...call, is_confirmed: false })
    } catch (error) {
      if (!(error instanceof DomainError && error.code === 'file_changed')) throw error
      const window = this.deps.getWindow()
      const isWanted = window && (await mayWriteOverChanged(window, this.find(call.mask_ref).view.volume_name))
      return isWanted ? this.ask({ ...call, is_confirmed: true }) : null
    }
  }

  /** @param home the file that the mask began with; null where that is not known */
  private took({ view }: MaskAnswer, runRef: string | null, home: string | null): MaskView {
    if (!view) throw new DomainError('internal')
    this.shown = { view, runRef, names: new LabelNames(this.deps.facts.labels, view, home), hasProbability: false }
    this.deps.tell({ type: 'mask_changed', mask: view })
    return view
  }

  private changed(view: MaskView): void {
    if (this.shown?.view.mask_ref !== view.mask_ref) return
    this.shown = { ...this.shown, view }
    this.shown.names.changed(view)
    this.deps.tell({ type: 'mask_changed', mask: view })
  }

  private stopped(error: DomainError): void {
    this.forgetShown()
    this.hasOffered = false
    this.deps.tell({ type: 'problem', problem: error.toEnvelope() })
    void this.offerKept().catch(() => undefined)
  }
}

function asMaskVolume(volume: OpenedVolume, file: string): MaskVolume {
  return { volume_ref: volume.volume_ref, name: volume.name, file, mode0: volume.mode0 }
}
