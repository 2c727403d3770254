import { shell } from 'electron'
import type { OutsidePage } from '../../shared/contract/preferences.ts'

/** All that the program ever opens in the browser. */
const PAGES: Readonly<Record<OutsidePage, string>> = {
  project: 'https://github.com/cryomamba/cryomamba',
  report_problem: 'https://github.com/cryomamba/cryomamba/issues/new',
}

/** Opens one of the fixed pages; no address ever comes from the window. */
export async function openOutside(page: OutsidePage): Promise<void> {
  await shell.openExternal(PAGES[page])
}
