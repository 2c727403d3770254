import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'

/** Files and their state: another text once the bytes of one were changed or another file lies at its path. */
export async function identityOf(files: readonly string[]): Promise<string> {
  const found: string[] = []
  for (const file of files) {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    found.push(`${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs} ${file}`)
  }
  return found.join('\n')
}

/** Over all of them, one after the other, hex. */
export async function sha256OfFiles(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files)
    for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) hash.update(chunk)
  return hash.digest('hex')
}
