import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw } from 'node:zlib'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { openFileSource } from '../../shared/node/file-source.ts'
import { readZipDirectory, refuse, type ZipEntry, type ZipLimits } from './zip-directory.ts'

/** Names of files in a package: no surprises on any disk. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$/

/** What macOS adds to every archive. */
const LITTER = /^__MACOSX\/|(^|\/)\.(DS_Store|_[^/]*)$/

/**
 * Unpacks a model package out of a zip archive into a new folder. The package lies at the top of the archive or in one
 * folder there; inside it are files only. No more is written than the archive announces.
 * @throws {DomainError} `model_archive_invalid`, `disk_full`
 */
export async function unpackPackage(
  archive: string,
  folder: string,
  limits: ZipLimits,
  signal?: AbortSignal,
): Promise<void> {
  const source = await openFileSource(archive)
  const entries = await readZipDirectory(source, limits).finally(() => source.close())
  const files = filesOfPackage(entries)
  await mkdir(folder, { mode: 0o700 })
  for (const { entry, name } of files) await unpackEntry(archive, entry, path.join(folder, name), signal)
}

function filesOfPackage(entries: readonly ZipEntry[]): { entry: ZipEntry; name: string }[] {
  const wanted = entries.filter((entry) => !LITTER.test(entry.name))
  const manifest = wanted.find(({ name }) => /^([^/]+\/)?model\.json$/.test(name))
  if (!manifest) refuse('it has no model.json, neither at its top nor in one folder there')
  const top = manifest.name.slice(0, -'model.json'.length)
  return wanted
    .filter(({ name, isFolder }) => !(isFolder && name === top))
    .map((entry) => {
      const name = entry.name.slice(top.length)
      if (!entry.name.startsWith(top)) refuse(`${entry.name} lies beside the folder of the package`)
      if (entry.isFolder || name.includes('/')) refuse(`${entry.name} lies in a folder inside the package`)
      if (!PLAIN_NAME.test(name)) refuse(`the name ${entry.name} is not accepted`)
      return { entry, name }
    })
}

async function unpackEntry(archive: string, entry: ZipEntry, file: string, signal?: AbortSignal): Promise<void> {
  const { dataStart, packedBytes, name } = entry
  const target = () => createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true })
  const check = (chunks: AsyncIterable<Buffer>) => asAnnounced(chunks, entry)
  if (packedBytes === 0) {
    if (entry.plainBytes !== 0 || entry.crc32 !== 0) refuse(`${name} is not as the archive announces it`)
    return writeFile(file, '', { flag: 'wx', mode: 0o600 })
  }
  const packed = createReadStream(archive, { start: dataStart, end: dataStart + packedBytes - 1 })
  const inflate = createInflateRaw()
  try {
    if (entry.method === 'stored') await pipeline(packed, check, target(), { signal })
    else await pipeline(packed, inflate, check, target(), { signal })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code?.startsWith('Z_')) refuse(`${name} cannot be unpacked`, cause)
    if (code === 'ENOSPC') throw new DomainError('disk_full', { neededBytes: entry.plainBytes, freeBytes: 0, cause })
    throw cause
  }
  if (entry.method === 'deflated' && inflate.bytesWritten !== packedBytes)
    refuse(`${name} has bytes behind its packed content`)
}

/** Passes content on as long as it is what the directory announces: not a byte more or less, and the same checksum. */
async function* asAnnounced(chunks: AsyncIterable<Buffer>, { name, plainBytes, crc32: announced }: ZipEntry) {
  let bytes = 0
  let found = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > plainBytes) refuse(`${name} unpacks to more than the ${plainBytes} bytes that the archive announces`)
    found = crc32(chunk, found)
    yield chunk
  }
  if (bytes !== plainBytes) refuse(`${name} unpacks to ${bytes} bytes, the archive announces ${plainBytes}`)
  if (found !== announced) refuse(`${name} has another checksum than the archive announces`)
}
