// cryomamba cuda-provider [ARCHIVE], npm run cuda-provider [-- ARCHIVE] : puts Microsoft's CUDA 12 provider beside onnxruntime-node, from its release archive
// (downloaded, or brought here by hand), after the archive's SHA-256 was compared with the one that is known.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { access, copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** The release that package.json pins. The digest is GitHub's for this file, as other projects pin it, too. */
const KNOWN = {
  version: '1.29.0',
  name: 'onnxruntime-linux-x64-gpu_cuda12-1.29.0.tgz',
  sha256: '4ca594a0da83927befbd73fe020d7f569be151d70bb4fe9741ad405f4882e2ad',
}
const FILES = ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so']

/** Beside the files: what came out of the archive, for `cryomamba doctor` to compare with. */
const MANIFEST = 'cuda-provider.json'

async function sha256Of(file) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

async function download(file) {
  const url = `https://github.com/microsoft/onnxruntime/releases/download/v${KNOWN.version}/${KNOWN.name}`
  console.log(`downloading ${url}`)
  const reply = await fetch(url)
  if (!reply.ok) throw new Error(`${url} answered ${reply.status}`)
  await pipeline(Readable.fromWeb(reply.body), createWriteStream(file))
}

/** The two files out of the archive, wherever they lie in it. */
async function unpack(archive, folder) {
  for (const name of FILES) {
    const args = [
      '-xzf',
      archive,
      '-C',
      folder,
      '--no-same-owner',
      '--wildcards',
      '--transform',
      's|.*/||',
      `*/lib/${name}`,
    ]
    const tar = spawnSync('tar', args, { encoding: 'utf8' })
    if (tar.status !== 0) throw new Error(`${name} is not in the archive: ${tar.stderr?.trim() || tar.error?.message}`)
  }
}

async function install(given) {
  // That of the program, wherever npm put it and wherever this is started.
  const packageFolder = path.dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))
  const { version } = JSON.parse(await readFile(path.join(packageFolder, 'package.json'), 'utf8'))
  if (version !== KNOWN.version)
    throw new Error(`onnxruntime-node is ${version}; the archive is known for ${KNOWN.version} only`)
  const target = path.join(packageFolder, 'bin/napi-v6/linux/x64')
  await access(path.join(target, 'libonnxruntime.so.1'))
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuda-provider-'))
  try {
    const archive = given ?? path.join(folder, KNOWN.name)
    if (!given) await download(archive)
    const found = await sha256Of(archive)
    if (found !== KNOWN.sha256)
      throw new Error(`SHA-256 of ${archive} is ${found}, not ${KNOWN.sha256}: nothing was installed`)
    await unpack(archive, folder)
    const hashes = await Promise.all(FILES.map((name) => sha256Of(path.join(folder, name))))
    const files = Object.fromEntries(FILES.map((name, index) => [name, hashes[index]]))
    const manifest = { archive: KNOWN.name, archive_sha256: KNOWN.sha256, files }
    await writeFile(path.join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
    for (const name of [...FILES, MANIFEST]) {
      await copyFile(path.join(folder, name), path.join(target, `${name}.partial`))
      await rename(path.join(target, `${name}.partial`), path.join(target, name))
    }
    console.log(`installed in ${target}\nin the server's settings, so that doctor fails on any other files:`)
    console.log(`CRYOMAMBA_CUDA_SHA256=${hashes.join(',')}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

try {
  await install(process.argv[2])
} catch (error) {
  const cause = error.cause ? ` (${error.cause.message})` : ''
  console.error(`cuda-provider: ${error.message}${cause}`)
  if (error.cause) console.error('Where there is no internet, bring the archive along and give its path.')
  process.exit(1)
}
