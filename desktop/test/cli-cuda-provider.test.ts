import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasCompiledCli, runCli } from './run-cli.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-provider-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const isRunnable = hasCompiledCli && process.platform === 'linux' && process.arch === 'x64'

describe.runIf(isRunnable)('cryomamba cuda-provider', () => {
  it('gives the archive to the script, which finds the onnxruntime of the program and refuses another file', async () => {
    const archive = path.join(folder, 'other.tgz')
    await writeFile(archive, 'not the archive')
    const { code, err } = await runCli(['cuda-provider', archive])
    expect(code).toBe(1)
    expect(err).toMatch(/SHA-256 of .*other\.tgz is [0-9a-f]{64}, not [0-9a-f]{64}: nothing was installed/)
  })

  it('takes one archive only, and is in the help', async () => {
    const { code, err } = await runCli(['cuda-provider', 'a', 'b', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(err)).toMatchObject({ code: 'usage' })
    expect((await runCli(['help'])).out).toContain('cuda-provider [ARCHIVE.tgz]')
  })
})
