import type { DesktopApp } from './desktop-app.ts'

/** A button of the tools that change a mask. */
export const toolOf = ({ page }: DesktopApp, name: string) =>
  page.getByRole('toolbar', { name: 'Tools' }).getByRole('button', { name, exact: true })

/** Voxels of a label in the mask that is being corrected. */
export async function labelVoxels({ page }: DesktopApp, label: number): Promise<number> {
  const shown = page.locator(`[data-label="${label}"] [data-testid=mask-label-voxels]`)
  return Number(await shown.getAttribute('data-voxels'))
}
