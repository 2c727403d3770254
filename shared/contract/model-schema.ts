import { ModelManifest } from './model-package.ts'

/** `model.json` as a JSON Schema of draft 7, for editors and programs in other languages. */
export function modelSchema(): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify({
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 'model.json of a CryoMamba model package, version 1',
      ...ModelManifest,
    }),
  )
}
