import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { KNOWN_ARCHIVE, readOrigin } from '../server/doctor/provider-origin.ts'

const SCRIPT = path.join(import.meta.dirname, 'scripts/cuda-provider.mjs')
const PINNED = /sha256: '([0-9a-f]{64})'/
const LIBRARIES = ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so']
const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-provider-'))
const target = path.join(folder, 'node_modules/onnxruntime-node/bin/napi-v6/linux/x64')
const archive = path.join(folder, 'archive.tgz')

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

/** Runs the script, or its text changed, in a folder with an onnxruntime. */
function run(change = (text: string) => text) {
  const script = path.join(folder, 'script.mjs')
  writeFileSync(script, change(readFileSync(SCRIPT, 'utf8')))
  return spawnSync(process.execPath, [script, archive], { cwd: os.tmpdir(), encoding: 'utf8' })
}

const pinningThis = (text: string) => text.replace(PINNED, `sha256: '${sha256(archive)}'`)

function makePackage(version: string) {
  rmSync(path.join(folder, 'node_modules'), { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  writeFileSync(path.join(folder, 'node_modules/onnxruntime-node/package.json'), JSON.stringify({ version }))
  writeFileSync(path.join(target, 'libonnxruntime.so.1'), '')
}

function makeArchive(names: readonly string[]) {
  const lib = path.join(folder, 'onnxruntime-linux-x64-gpu_cuda12-1.29.0/lib')
  rmSync(path.dirname(lib), { recursive: true, force: true })
  mkdirSync(lib, { recursive: true })
  for (const name of names) writeFileSync(path.join(lib, name), `code of ${name}`)
  spawnSync('tar', ['-czf', archive, '-C', folder, path.basename(path.dirname(lib))])
}

describe.runIf(process.platform === 'linux')("CUDA's provider", () => {
  beforeEach(() => {
    makePackage('1.29.0')
    makeArchive([...LIBRARIES, 'libonnxruntime.so.1.29.0'])
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is known by one SHA-256, for the version that is installed', () => {
    const { dependencies } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8'))
    expect(readFileSync(SCRIPT, 'utf8')).toContain(`version: '${dependencies['onnxruntime-node']}'`)
    const pinned = PINNED.exec(readFileSync(SCRIPT, 'utf8'))?.[1]
    expect(readFileSync(path.join(import.meta.dirname, '../docs/gpu.md'), 'utf8')).toContain(pinned)
  })

  it('is put beside onnxruntime, and its hashes are told as a setting', () => {
    const { status, stdout } = run(pinningThis)
    expect(status).toBe(0)
    expect(readdirSync(target).sort()).toEqual(['cuda-provider.json', 'libonnxruntime.so.1', ...LIBRARIES])
    const hashes = LIBRARIES.map((name) => sha256(path.join(target, name)))
    expect(stdout).toContain(`CRYOMAMBA_CUDA_SHA256=${hashes.join(',')}`)
  })

  it('leaves a list of what came out of the archive, by which doctor knows the files', async () => {
    run(pinningThis)
    const manifest = JSON.parse(readFileSync(path.join(target, 'cuda-provider.json'), 'utf8'))
    const files = Object.fromEntries(LIBRARIES.map((name) => [name, sha256(path.join(target, name))]))
    expect(manifest).toEqual({ archive: KNOWN_ARCHIVE.name, archive_sha256: sha256(archive), files })
    expect(await readOrigin(target, { ...KNOWN_ARCHIVE, sha256: sha256(archive) })).toEqual(files)
    expect(await readOrigin(target, KNOWN_ARCHIVE)).toBeNull()
  })

  it('is pinned in doctor as in the script', () => {
    expect(PINNED.exec(readFileSync(SCRIPT, 'utf8'))?.[1]).toBe(KNOWN_ARCHIVE.sha256)
    expect(readFileSync(SCRIPT, 'utf8')).toContain(`name: '${KNOWN_ARCHIVE.name}'`)
  })

  it('can be installed by an installed package, which holds the script', () => {
    const { files } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8'))
    expect(files).toContain('build/scripts/cuda-provider.mjs')
    const command = readFileSync(path.join(import.meta.dirname, '../desktop/cli/commands/cuda-provider.ts'), 'utf8')
    expect(command).toContain("'build/scripts/cuda-provider.mjs'")
  })

  it('is what the workflow on a GPU installs', () => {
    const workflow = readFileSync(path.join(import.meta.dirname, '../.github/workflows/gpu.yml'), 'utf8')
    expect(workflow).toContain('- run: npm run cuda-provider\n')
    expect(workflow).not.toContain('script/install')
  })

  it('is not installed from another archive', () => {
    const { status, stderr } = run()
    expect(status).toBe(1)
    expect(stderr).toContain('nothing was installed')
    expect(readdirSync(target)).toEqual(['libonnxruntime.so.1'])
  })

  it('is not installed where a file is missing, or beside another version', () => {
    makeArchive([LIBRARIES[0]])
    expect(run(pinningThis).stderr).toContain(`${LIBRARIES[1]} is not in the archive`)
    expect(readdirSync(target)).toEqual(['libonnxruntime.so.1'])
    makePackage('1.30.0')
    expect(run(pinningThis).stderr).toContain('onnxruntime-node is 1.30.0')
  })
})
