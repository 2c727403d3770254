import { expect, it } from 'vitest'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { asLocalProblem } from './server-choice.ts'

it('names the folder of this computer where a run without a server finds no room', () => {
  const full = new DomainError('disk_full', { neededBytes: 700, freeBytes: 20 })
  const told = asLocalProblem(full, '/scratch/tmp') as DomainError
  expect(told.code).toBe('disk_full')
  expect(told.message).toMatch(/^\/scratch\/tmp of this computer is too full.* 700 .* 20 /)
  expect(told.hint).toContain('TMPDIR')
})

it('leaves every other problem as it is', () => {
  const other = new DomainError('model_not_found', { model: 'nothing' })
  expect(asLocalProblem(other, '/tmp')).toBe(other)
})
