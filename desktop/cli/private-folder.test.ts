import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { takePrivateFolder } from './private-folder.ts'

let parent: string
beforeEach(() => {
  parent = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-private-folder-'))
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

/** Process id of a program that has ended. */
const deadPid = () => spawnSync(process.execPath, ['--version']).pid

/** The mark that this process leaves in its folder. */
async function ownMark(): Promise<object> {
  const { path: folder, release } = await takePrivateFolder(parent)
  const mark = JSON.parse(readFileSync(path.join(folder, 'owner.json'), 'utf8'))
  await release()
  return mark
}

/** A folder with a copy of a volume, its files not touched for so long. */
function folderOf(name: string, mark: object | null, minutes = 5): string {
  const folder = path.join(parent, name)
  mkdirSync(folder)
  if (mark) writeFileSync(path.join(folder, 'owner.json'), JSON.stringify(mark))
  writeFileSync(path.join(folder, 'server.lock'), '{}')
  writeFileSync(path.join(folder, 'copy.mrc'), 'voxels')
  const then = new Date(Date.now() - minutes * 60_000)
  if (mark) utimesSync(path.join(folder, 'owner.json'), then, then)
  utimesSync(path.join(folder, 'server.lock'), then, then)
  return folder
}

it('deletes what a killed program left, and its own folder at the end', async () => {
  const left = folderOf('cryomamba-abc123', { ...(await ownMark()), pid: deadPid() })
  const { path: folder, release } = await takePrivateFolder(parent)
  expect([left, folder].map((one) => existsSync(one))).toEqual([false, true])
  await release()
  expect(existsSync(folder)).toBe(false)
})

it('keeps every folder that may be in use or is not known to be ours', async () => {
  const mark = { ...(await ownMark()), pid: deadPid() }
  const kept = [
    folderOf('cryomamba-alive1', { ...mark, pid: process.pid }),
    folderOf('cryomamba-other1', { ...mark, host: 'another-computer' }),
    folderOf('cryomamba-space1', { ...mark, pidSpace: 'pid:[1]' }),
    folderOf('cryomamba-fresh1', mark, 0),
    folderOf('cryomamba-plain1', null),
    folderOf('cryomamba-broken', { pid: mark.pid }),
    folderOf('cryomamba-server-data', mark),
  ]
  const beating = folderOf('cryomamba-beats1', mark)
  utimesSync(path.join(beating, 'server.lock'), new Date(), new Date())
  await (await takePrivateFolder(parent)).release()
  expect([...kept, beating].filter((folder) => !existsSync(folder))).toEqual([])
})

it('does not delete the folder of a process that holds two', async () => {
  const [one, other] = [await takePrivateFolder(parent), await takePrivateFolder(parent)]
  expect([one, other].map(({ path: folder }) => existsSync(folder))).toEqual([true, true])
  await one.release()
  await other.release()
})
