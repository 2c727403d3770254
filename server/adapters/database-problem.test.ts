import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { isBrokenConnection, isConflict, postgresProblem, sqliteProblem } from './database-problem.ts'

const errorOf = (code: string, text = 'text of the driver') => Object.assign(new Error(text), { code })

it.each([
  ['53100', 'disk_full'],
  ['53300', 'database_unavailable'],
  ['57P03', 'database_unavailable'],
  ['08006', 'database_unavailable'],
  ['40P01', 'database_unavailable'],
  ['EHOSTUNREACH', 'database_unavailable'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'database_unavailable'],
  ['22003', 'request_invalid'],
])('tells %s of PostgreSQL as %s, without the driver’s text', (code, expected) => {
  const problem = postgresProblem(errorOf(code))
  expect(problem).toMatchObject({ code: expected })
  expect((problem as DomainError).message).not.toContain('text of the driver')
})

it.each([
  ['SQLITE_FULL', 'disk_full'],
  ['SQLITE_BUSY', 'database_unavailable'],
  ['SQLITE_CANTOPEN', 'database_unavailable'],
  ['SQLITE_CORRUPT_INDEX', 'database_damaged'],
])('tells %s as %s', (code, expected) => {
  expect(sqliteProblem(errorOf(code), tmpdir())).toMatchObject({ code: expected })
})

it('leaves alone what it does not know, so that a fault of ours stays one', () => {
  const [syntax, unique] = [errorOf('42601'), errorOf('SQLITE_CONSTRAINT_PRIMARYKEY')]
  expect(postgresProblem(syntax)).toBe(syntax)
  expect(sqliteProblem(unique, tmpdir())).toBe(unique)
  const ours = new DomainError('job_not_found')
  expect(postgresProblem(ours)).toBe(ours)
})

it('knows a conflict and a broken connection', () => {
  expect(isConflict(postgresProblem(errorOf('40001')))).toBe(true)
  expect(isConflict(postgresProblem(errorOf('57P01')))).toBe(false)
  expect(['57P01', '08006', 'EPIPE', 'ECONNRESET', ''].map((code) => isBrokenConnection(errorOf(code)))).not.toContain(
    false,
  )
  expect(['23505', '57014', '40P01', 'XX000'].map((code) => isBrokenConnection(errorOf(code)))).not.toContain(true)
})
