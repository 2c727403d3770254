import path from 'node:path'
import { nativeTheme } from 'electron'
import type { Theme } from '../../shared/contract/bridge.ts'
import { Preferences, type PreferencesChange, type ThemeChoice, ZOOM_STEPS } from '../../shared/contract/preferences.ts'
import { StoredFile } from './stored-file.ts'

const DEFAULTS: Preferences = {
  theme: 'dark',
  zoom: 1,
  notifications: true,
  results_folder: null,
}

/** What the user set, kept between starts. Everyone who needs to know is told of each change. */
export class UserPreferences {
  private readonly file: StoredFile<typeof Preferences>
  private readonly onChange: () => void

  constructor(folder: string, formerTheme: ThemeChoice | null, onChange: () => void) {
    const absent = { ...DEFAULTS, theme: formerTheme ?? DEFAULTS.theme }
    this.file = new StoredFile(path.join(folder, 'preferences.json'), Preferences, absent)
    this.onChange = onChange
    nativeTheme.themeSource = this.value.theme
    nativeTheme.on('updated', () => this.value.theme === 'system' && onChange())
  }

  get value(): Preferences {
    return this.file.value
  }

  /** The colours in use now. */
  get theme(): Theme {
    if (this.value.theme !== 'system') return this.value.theme
    return nativeTheme.shouldUseDarkColors ? 'dark' : 'light'
  }

  change(change: PreferencesChange & { results_folder?: string | null }): void {
    this.file.save({ ...this.value, ...change })
    nativeTheme.themeSource = this.value.theme
    this.onChange()
  }

  /** One step larger (1), smaller (-1), or the usual size (0). */
  zoomBy(step: -1 | 0 | 1): void {
    this.change({ zoom: step === 0 ? 1 : zoomBeside(this.value.zoom, step) })
  }
}

/** The next size of text and controls; the last one stays. */
export function zoomBeside(zoom: number, step: -1 | 1): number {
  const beyond = ZOOM_STEPS.filter((size) => (size - zoom) * step > 1e-6)
  if (beyond.length === 0) return zoom
  return step > 0 ? Math.min(...beyond) : Math.max(...beyond)
}
