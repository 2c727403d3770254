import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { modelSchema } from './model-schema.ts'

const FILE = path.resolve(import.meta.dirname, '../../resources/model.schema.json')

it('the schema in resources is that of the contract; else run node build/scripts/model-schema.mjs', async () => {
  expect(JSON.parse(await readFile(FILE, 'utf8'))).toEqual(modelSchema())
})
