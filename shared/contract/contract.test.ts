import { describe, expect, it } from 'vitest'
import { DomainError, envelopeOf, errorFromEnvelope } from '../errors/domain-error.ts'
import type { ProblemRow } from '../errors/problem-row.ts'
import { PROBLEMS } from '../errors/problems.ts'
import * as bridge from './bridge.ts'
import * as common from './common.ts'
import * as estimate from './estimate.ts'
import * as jobs from './jobs.ts'
import * as live from './live.ts'
import * as maskEdit from './mask-edit.ts'
import * as maskView from './mask-view.ts'
import * as modelPackage from './model-package.ts'
import * as models from './models.ts'
import * as operation from './operation.ts'
import * as people from './people.ts'
import * as pictures from './pictures.ts'
import * as preferences from './preferences.ts'
import * as runOrders from './run-orders.ts'
import * as serverInfo from './server-info.ts'
import * as uploads from './uploads.ts'
import * as volumePort from './volume-port.ts'
import * as volumes from './volumes.ts'

const MODULES = {
  bridge,
  common,
  estimate,
  jobs,
  live,
  'mask-edit': maskEdit,
  'mask-view': maskView,
  'model-package': modelPackage,
  models,
  operation,
  people,
  pictures,
  preferences,
  'run-orders': runOrders,
  'server-info': serverInfo,
  uploads,
  'volume-port': volumePort,
  volumes,
}

const ROWS: [string, ProblemRow][] = Object.entries(PROBLEMS)

describe('the contract', () => {
  // A difference here is a change that other programs see: decide on it, then update with `vitest run -u`.
  it.each(Object.entries(MODULES))('%s is as it was', async (name, exported) => {
    await expect(`${JSON.stringify(exported, null, 2)}\n`).toMatchFileSnapshot(`./__snapshots__/${name}.txt`)
  })

  it('keeps every problem code with its status and whether to try again', async () => {
    const lines = ROWS.map(([code, row]) => `${code} ${row.status}${row.retryable ? ' retryable' : ''}`)
    await expect(`${lines.sort().join('\n')}\n`).toMatchFileSnapshot('./__snapshots__/problems.txt')
  })
})

describe('the problem table', () => {
  it.each(ROWS)('%s has a code in snake_case and an HTTP status of an error', (code, row) => {
    expect(code).toMatch(/^[a-z]+(_[a-z0-9]+)*$/)
    expect(row.status).toBeGreaterThanOrEqual(400)
    expect(row.status).toBeLessThan(600)
    expect(row.title).toMatch(/^[A-Z].*[^.]$/)
  })

  it.each(ROWS)('%s says what happened and what to do, one sentence each', (code, row) => {
    expect(row.hint).toSatisfy(isOneSentence)
    // The command line says its own words there.
    if (code === 'usage') expect(row.message).toBe('{reason}')
    else expect(row.message).toSatisfy(isOneSentence)
  })
})

describe('DomainError', () => {
  it('fills the places of message and hint with the values seen', () => {
    const patch = new DomainError('patch_not_divisible', { patchZyx: [30, 64, 64], divisibleByZyx: [8, 8, 8] })
    expect(patch.message).toBe('The patch 30 × 64 × 64 is not divisible by 8 × 8 × 8 (z, y, x).')
    expect(patch.status).toBe(422)
    const limited = new DomainError('rate_limited', { limit: 60, retryAfterSeconds: 7 })
    expect(limited.toEnvelope()).toEqual({
      code: 'rate_limited',
      message: 'Too many requests: 60 a minute are allowed.',
      hint: 'Wait 7 s.',
      retryable: true,
    })
  })

  it('shows a question mark for a value that nobody gave', () => {
    expect(new DomainError('model_not_found').message).toBe('There is no model ?.')
  })

  it.each(ROWS)('%s leaves no place open once every value is given', (code, row) => {
    const places = `${row.message} ${row.hint}`.matchAll(/\{(\w+)\}/g)
    const details = Object.fromEntries([...places].map(([, name]) => [name, 'value']))
    const { message, hint } = new DomainError(code as keyof typeof PROBLEMS, details)
    expect(`${message} ${hint}`).not.toMatch(/[{}?]/)
  })

  it('takes a text and a hint of its own over those of the table', () => {
    const error = new DomainError('internal', { message: 'The disk is on fire.', hint: 'Run.' })
    expect(error.toEnvelope()).toMatchObject({ code: 'internal', message: 'The disk is on fire.', hint: 'Run.' })
  })

  it('keeps the cause, and keeps it out of the envelope', () => {
    const cause = new Error('EACCES /home/someone')
    const error = new DomainError('file_unreadable', { path: 'a.mrc', reason: 'no permission', cause })
    expect(error.cause).toBe(cause)
    expect(JSON.stringify(error.toEnvelope())).not.toContain('EACCES')
    expect('cause' in new DomainError('internal')).toBe(false)
  })
})

describe('envelopes', () => {
  it('of a foreign error tell nothing of it', () => {
    const internal = new DomainError('internal').toEnvelope()
    for (const thrown of [new Error('secret'), 'secret', { code: 'secret' }, undefined]) {
      expect(envelopeOf(thrown)).toEqual(internal)
    }
    expect(JSON.stringify(internal)).not.toContain('secret')
  })

  it('become the same error again on the other side', () => {
    const sent = new DomainError('job_not_found', { jobId: '7' }).toEnvelope()
    expect(errorFromEnvelope(sent).toEnvelope()).toEqual(sent)
  })

  it('with a code of a newer peer become internal and keep their text', () => {
    const made = errorFromEnvelope({ code: 'moon_missing', message: 'No moon.', hint: 'Wait.', retryable: false })
    expect(made.toEnvelope()).toMatchObject({ code: 'internal', message: 'No moon.', hint: 'Wait.' })
  })
})

/** Ends with a period and has no other sentence before it. */
function isOneSentence(text: string): boolean {
  return text.endsWith('.') && !/[.!?]\s+[A-Z{]/.test(text)
}
