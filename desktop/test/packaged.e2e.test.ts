import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { listPackage } from '@electron/asar'
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPackagedProgram, filesBelow, type RunningProgram, startPackaged } from './packaged-program.ts'

// The largest that the folder was, 310 MB with Electron 33, and some room: more is a file that does not belong there.
const MAX_SIZE_BYTES = 340e6

// A fuse is a character in the program.
const [OFF, ON] = ['0', '1'].map((letter) => letter.charCodeAt(0))

const built = buildPackagedProgram()
const folder = 'folder' in built ? built.folder : ''
if ('reason' in built) console.log(`packaged program: skipped, ${built.reason}`)

describe.skipIf('reason' in built)('the packaged folder', () => {
  const program = path.join(folder, 'cryomamba')
  const unpacked = path.join(folder, 'resources/app.asar.unpacked')

  it("holds this platform's natives only, and no source, test or map", () => {
    const files = filesBelow(folder)
    const size = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const app = filesBelow(unpacked).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    console.log(`packaged program: ${Math.round(size / 1e6)} MB, of it ${Math.round(app / 1e6)} MB beside the archive`)
    expect(size).toBeLessThan(MAX_SIZE_BYTES)
    const natives = files
      .map(({ name }) => name)
      .filter((name) => /napi-v\d+\/.*\.(node|so[.\d]*|dll|dylib)$/.test(name))
    expect(natives.length).toBeGreaterThan(0)
    for (const name of natives) expect(name).toContain(`/linux/${process.arch}/`)
    const packed = listPackage(path.join(folder, 'resources/app.asar'), { isPack: false })
    expect(packed.length).toBeGreaterThan(100)
    const foreign = packed.filter((name) =>
      /\.map$|\.test\.|\.d\.ts$|^\/(server|desktop|shared|build|docs)\//.test(name),
    )
    expect(foreign).toEqual([])
    const names = [...files.map(({ name }) => name), ...packed].join('\n')
    for (const other of ['.dylib', 'darwin/', 'win32/', '-musl', 'node_modules/electron/', 'node_modules/vitest/'])
      expect(names).not.toContain(other)
  })

  it('has its fuses set', async () => {
    const wire = await getCurrentFuseWire(program)
    expect(wire[FuseV1Options.RunAsNode]).toBe(OFF)
    expect(wire[FuseV1Options.EnableNodeOptionsEnvironmentVariable]).toBe(OFF)
    expect(wire[FuseV1Options.EnableNodeCliInspectArguments]).toBe(OFF)
    expect(wire[FuseV1Options.GrantFileProtocolExtraPrivileges]).toBe(OFF)
    expect(wire[FuseV1Options.OnlyLoadAppFromAsar]).toBe(ON)
    expect(wire[FuseV1Options.EnableCookieEncryption]).toBe(ON)
    expect(wire[FuseV1Options.EnableEmbeddedAsarIntegrityValidation]).toBe(ON)
  })

  it('is not Node for whoever starts it with ELECTRON_RUN_AS_NODE', () => {
    const words = ['-e', 'console.log("was " + "node")', '--no-sandbox']
    const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1', DISPLAY: '' }
    const tried = spawnSync(program, words, { env, encoding: 'utf8', timeout: 30_000, input: '' })
    expect(tried.stdout).not.toContain('was node')
  })
})

describe.skipIf('reason' in built)('the packaged program', () => {
  let running: RunningProgram

  beforeAll(async () => {
    running = await startPackaged(path.join(folder, 'cryomamba'), { NODE_OPTIONS: '--require /no/such/file.js' })
  })
  afterAll(() => running?.close())

  it('opens the sample', async () => {
    const { page } = running
    await page.getByRole('button', { name: 'Open the sample' }).click()
    await page.getByRole('heading', { level: 1, name: 'sample.mrc', exact: true }).waitFor()
    await page.locator('[data-testid=viewer][data-ready=true]').waitFor()
  })

  it('runs the bundled model in its utility processes', async () => {
    const { page } = running
    await page.getByRole('button', { name: 'Use this computer' }).click()
    await page.getByTestId('connected').filter({ hasText: 'This computer' }).waitFor()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.locator('[data-testid=run][data-phase=completed]').waitFor({ timeout: 240_000 })
    await page.getByRole('region', { name: 'Mask', exact: true }).waitFor()
  })

  it('has no way to Node', async () => {
    const globals = await running.page.evaluate(() =>
      ['require', 'process', 'module', 'ipcRenderer'].filter((name) => name in window),
    )
    expect(globals).toEqual([])
  })
})
