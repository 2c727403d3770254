import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { readConfig } from './config.ts'
import { unknownSettings } from './unknown-settings.ts'

it('names variables that nothing reads', () => {
  const env = { CRYOMAMBA_USER_QUOTA: '5', CRYOMAMBA_USER_QUOTA_BYTES: '5', CRYOMAMBA_STATE: 'x', PATH: '/bin' }
  expect(unknownSettings(env)).toEqual(['CRYOMAMBA_USER_QUOTA'])
})

it('knows every variable of the README', () => {
  const readme = readFileSync(path.join(import.meta.dirname, '../README.md'), 'utf8')
  const names = readme.match(/`CRYOMAMBA_[A-Z0-9_]+`/g) ?? []
  expect(names.length).toBeGreaterThan(40)
  expect(unknownSettings(Object.fromEntries(names.map((name) => [name.slice(1, -1), '1'])))).toEqual([])
})

it('takes an empty host and folder for one that is not set', () => {
  const defaults = { dataFolder: path.resolve('data'), modelFolders: [] }
  const config = readConfig({ CRYOMAMBA_HOST: '', CRYOMAMBA_DATA: '' }, defaults)
  expect([config.host, config.dataFolder]).toEqual(['127.0.0.1', defaults.dataFolder])
})
