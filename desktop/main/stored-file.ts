import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'

/** One JSON file of facts, replaced by a rename and readable by its user only. A damaged file counts as absent. */
export class StoredFile<S extends TSchema> {
  private readonly file: string
  private stored: Static<S>

  constructor(file: string, schema: S, absent: Static<S>) {
    this.file = file
    this.stored = read(file, schema) ?? absent
  }

  get value(): Static<S> {
    return this.stored
  }

  save(next: Static<S>): void {
    this.stored = next
    mkdirSync(path.dirname(this.file), { recursive: true })
    writeFileSync(`${this.file}.partial`, `${JSON.stringify(next, null, 2)}\n`, { mode: 0o600 })
    renameSync(`${this.file}.partial`, this.file)
  }
}

function read<S extends TSchema>(file: string, schema: S): Static<S> | null {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return Value.Check(schema, found) ? found : null
  } catch {
    return null
  }
}
