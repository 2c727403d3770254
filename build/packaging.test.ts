import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const ROOT = path.resolve(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')
const builder = parse(read('build/electron-builder.yml'))
const ENDINGS = ['mrc', 'rec', 'map', 'st', 'nii', 'nii.gz', 'nrrd']

interface Step {
  uses?: string
  run?: string
  env?: Record<string, string>
}
interface Workflow {
  on: unknown
  permissions: Record<string, string>
  jobs: Record<string, { 'runs-on': string | string[]; 'timeout-minutes'?: number; steps: Step[] }>
}

describe('the settings of the packager', () => {
  it('are ones that it knows', async () => {
    const from = createRequire(path.join(ROOT, 'node_modules/app-builder-lib/package.json'))
    const { validateConfiguration } = from('./out/util/config/config.js')
    const { DebugLogger } = from('builder-util')
    await expect(validateConfiguration(builder, new DebugLogger(false))).resolves.toBeUndefined()
    await expect(validateConfiguration({ ...builder, asra: true }, new DebugLogger(false))).rejects.toThrow('asra')
  })

  it('register the program for the files it opens', () => {
    const found = builder.fileAssociations.map(({ ext }: { ext: string }) => ext)
    expect(found).toEqual(ENDINGS)
    for (const { mimeType } of builder.fileAssociations) expect(mimeType).toMatch(/^application\/x-/)
  })

  it('make a signed Mac program for Apple silicon, and no update channel', () => {
    expect(builder.mac.target).toEqual([
      { target: 'dmg', arch: ['arm64'] },
      { target: 'zip', arch: ['arm64'] },
    ])
    expect(builder.mac.hardenedRuntime).toBe(true)
    expect(builder.publish).toBeNull()
    for (const file of [builder.mac.entitlements, builder.mac.entitlementsInherit, builder.icon])
      expect(existsSync(path.join(ROOT, file))).toBe(true)
  })

  it('loosen the hardened runtime for compiled JavaScript only', () => {
    for (const file of [builder.mac.entitlements, builder.mac.entitlementsInherit])
      expect([...read(file).matchAll(/<key>(.*)<\/key>/g)].map(([, key]) => key)).toEqual([
        'com.apple.security.cs.allow-jit',
      ])
  })

  it('leave exclusions to the one list of files: a list of exclusions alone takes in the whole checkout', () => {
    for (const platform of [builder.mac, builder.linux, builder.win]) expect(platform.files).toBeUndefined()
  })
})

describe.each(readdirSync(path.join(ROOT, '.github/workflows')))('the workflow %s', (name) => {
  const workflow: Workflow = parse(read(`.github/workflows/${name}`))
  const jobs = Object.values(workflow.jobs)

  it('is named, starts by something and may only read by default', () => {
    expect(workflow.on).toBeTruthy()
    expect(workflow.permissions).toEqual({ contents: 'read' })
    for (const job of jobs) expect(job['runs-on']).toBeTruthy()
  })

  it('has only steps that do one thing, and scripts and npm commands that exist', () => {
    const { scripts } = JSON.parse(read('package.json'))
    for (const step of jobs.flatMap((job) => job.steps)) {
      expect([step.run, step.uses].filter(Boolean)).toHaveLength(1)
      for (const [, script] of (step.run ?? '').matchAll(/npm run (?:--silent )?([\w:-]+)/g))
        expect(Object.keys(scripts)).toContain(script)
    }
  })

  it('never writes a secret into a command', () => {
    for (const step of jobs.flatMap((job) => job.steps)) expect(step.run ?? '').not.toContain('secrets.')
  })
})
