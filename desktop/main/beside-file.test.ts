import { expect, it, vi } from 'vitest'
import type { OpenedVolume } from '../../shared/contract/bridge.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { BesideFile } from './beside-file.ts'

const dialog = vi.hoisted(() => ({ showOpenDialog: vi.fn() }))
vi.mock('electron', () => ({ dialog }))

/** Openings are answered by hand. */
function ground() {
  const openings: { file: string; resolve: (volume: OpenedVolume) => void; reject: (error: Error) => void }[] = []
  const volumes = {
    open: (_ref: string, file: string) =>
      new Promise<OpenedVolume>((resolve, reject) => openings.push({ file, resolve, reject })),
    stop: vi.fn(),
    connectWindow: vi.fn(),
  }
  const tell = vi.fn()
  const beside = new BesideFile({ volumes, getWindow: () => ({}) as never, tell, newRef: () => 'ref' })
  const choose = async (file: string) => {
    dialog.showOpenDialog.mockResolvedValueOnce({ canceled: false, filePaths: [file] })
    const chosen = beside.choose()
    await vi.waitFor(() => expect(openings.at(-1)?.file).toBe(file))
    return { chosen }
  }
  return { beside, volumes, tell, openings, choose }
}

it('opens the second of two files that are chosen quickly, though the first one ends', async () => {
  const { volumes, tell, openings, choose } = ground()
  const { chosen: first } = await choose('/a.mrc')
  const { chosen: second } = await choose('/b.mrc')
  openings[0].reject(new DomainError('canceled'))
  await first
  expect(volumes.stop).not.toHaveBeenCalled()
  const volume = { volume_ref: 'b' } as OpenedVolume
  openings[1].resolve(volume)
  await second
  expect(tell.mock.calls).toEqual([[{ type: 'beside_opened', volume }]])
})

it('says why a file cannot be opened, and ends the process that nothing is open in', async () => {
  const { volumes, openings, choose } = ground()
  const { chosen } = await choose('/a.mrc')
  openings[0].reject(new DomainError('format_header_invalid', { name: 'a.mrc', reason: 'cut off' }))
  await expect(chosen).rejects.toMatchObject({ code: 'format_header_invalid' })
  expect(volumes.stop).toHaveBeenCalledOnce()
})
