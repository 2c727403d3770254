import { expect, it, vi } from 'vitest'
import { RunRequests, type RunRequestsDeps } from './run-requests.ts'
import { changedSinceOpened } from './watched-file.ts'

it('no run begins over an open file that has changed on the disk, since another volume would be sent', async () => {
  const start = vi.fn()
  const checkUnchanged = vi.fn(async () => Promise.reject(changedSinceOpened('/data/a.mrc')))
  const open = { volume: { volume_ref: 'v', name: 'a.mrc', mode0: null, shape_zyx: [2, 3, 4] }, file: '/data/a.mrc' }
  const files = { find: () => open, checkUnchanged }
  const requests = new RunRequests({ runs: { start }, files, newRef: () => 'r' } as unknown as RunRequestsDeps)
  const order = { volume_ref: 'v', model_id: 'demo' }
  await expect(requests.start(order)).rejects.toMatchObject({ code: 'file_changed' })
  expect(start).not.toHaveBeenCalled()
  checkUnchanged.mockResolvedValue(undefined as never)
  await requests.start(order)
  expect(start).toHaveBeenCalledWith(expect.objectContaining({ file: '/data/a.mrc', modelId: 'demo' }))
})
