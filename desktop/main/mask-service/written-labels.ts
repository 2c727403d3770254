import { readFile } from 'node:fs/promises'
import { Type } from 'typebox'
import { Value } from 'typebox/value'

const Written = Type.Object({
  value: Type.Integer({ minimum: 1, maximum: 65_535 }),
  name: Type.String({ minLength: 1, maxLength: 200 }),
  color: Type.String({ pattern: '^#[0-9a-fA-F]{6}$' }),
})
/** Ours after correcting; a server's names the labels of its model. */
const Provenance = Type.Object({
  mask: Type.Object({ sha256: Type.String(), labels: Type.Optional(Type.Array(Written, { maxItems: 1000 })) }),
  model: Type.Optional(Type.Object({ labels: Type.Array(Written, { maxItems: 1000 }) })),
})

// A report of every operation is a few kB.
const MOST_BYTES = 4 * 1024 * 1024

/**
 * Names and colours that were written beside a mask when it was exported; none where the mask is another one now.
 * @param labelsSha256 of the labels that the file holds, as `hashBricks` states it
 */
export async function writtenLabels(
  maskFile: string,
  labelsSha256: string,
): Promise<{ value: number; name: string; color: string }[]> {
  try {
    const text = await readFile(`${maskFile}.provenance.json`, 'utf8')
    const found: unknown = text.length <= MOST_BYTES ? JSON.parse(text) : null
    if (!Value.Check(Provenance, found) || found.mask.sha256 !== labelsSha256) return []
    return (found.mask.labels ?? found.model?.labels ?? []).map(({ value, name, color }) => ({ value, name, color }))
  } catch {
    return []
  }
}
