import path from 'node:path'
import { type BrowserWindow, dialog } from 'electron'
import type { BridgeInput, Mode0 } from '../../shared/contract/bridge.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { KeptFacts } from './file-facts.ts'
import type { MaskBeginning } from './mask-service-messages.ts'
import { MASK_EXTENSIONS } from './open-files.ts'
import type { Runs } from './runs.ts'
import { chooseFile } from './window-questions.ts'

export interface BeginningsDeps {
  getWindow: () => BrowserWindow | null
  runs: Runs
  facts: Pick<KeptFacts, 'labels' | 'signs'>
}

/** What a mask begins with, and the file whose labels keep their names and colours. */
export interface FoundBeginning {
  beginning: MaskBeginning
  home: string
}

/** Finds what a mask is to begin with, and asks the user where only they can know. */
export class MaskBeginnings {
  private readonly deps: BeginningsDeps

  constructor(deps: BeginningsDeps) {
    this.deps = deps
  }

  /**
   * Null when the dialog was closed without a choice. @param volumeFile that the mask is to lie on
   * @throws {DomainError} `run_not_found`, `run_volume_elsewhere`
   */
  async find(input: BridgeInput<'mask.edit'>, volumeFile: string): Promise<FoundBeginning | null> {
    const { runs, facts } = this.deps
    if (input.kind === 'empty')
      return { beginning: { kind: 'empty', labels: (await facts.labels.find(volumeFile)) ?? [] }, home: volumeFile }
    if (input.kind === 'run') {
      const { view, file } = runs.finishedMask(input.run_ref)
      if (view.volume_ref !== input.volume_ref)
        throw new DomainError('run_volume_elsewhere', { name: view.volume_name })
      const ofModel = view.labels.map(({ value, name, color }) => ({ value, name, color }))
      const labels = (await facts.labels.find(file)) ?? ofModel
      const name = `${view.model_name}, ${view.volume_name}`
      return { beginning: { kind: 'run', name, file, labels, run_ref: input.run_ref }, home: file }
    }
    const file = await this.choose()
    if (!file) return null
    const mode0 = input.mode0 ?? (await facts.signs.find(file))
    const labels = (await facts.labels.find(file)) ?? []
    return { beginning: { kind: 'file', name: path.basename(file), file, mode0, labels }, home: file }
  }

  /** Asks how bytes over 127 are meant, and remembers it. Null when the user leaves it. */
  async askSign({ beginning, home }: FoundBeginning): Promise<FoundBeginning | null> {
    const window = this.deps.getWindow()
    if (!window || beginning.kind !== 'file') return null
    const { response } = await dialog.showMessageBox(window, {
      type: 'question',
      message: `${beginning.name} holds bytes over 127.`,
      detail:
        'The file does not say what they are. As unsigned values they are labels from 128 to 255. As signed values they are negative: no labels, so they become background.',
      buttons: ['Unsigned: labels', 'Signed: background', 'Cancel'],
      defaultId: 0,
      cancelId: 2,
    })
    if (response > 1) return null
    const mode0: Mode0 = response === 0 ? 'unsigned' : 'signed'
    await this.deps.facts.signs.keep(home, mode0)
    return { beginning: { ...beginning, mode0 }, home }
  }

  private async choose(): Promise<string | null> {
    const window = this.deps.getWindow()
    if (!window) return null
    return chooseFile(window, 'Open mask', [
      { name: 'Masks', extensions: MASK_EXTENSIONS },
      { name: 'All files', extensions: ['*'] },
    ])
  }
}
