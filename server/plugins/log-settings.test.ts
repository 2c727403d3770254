import { expect, it } from 'vitest'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { errorForLog, withoutNames } from './log-settings.ts'

it.each([
  ["ENOENT: no such file, open '/srv/data/volumes/7/Meier Hans.mrc'", "ENOENT: no such file, open '…'"],
  ['cannot read /srv/data/uploads/7.partial at 12', 'cannot read … at 12'],
  ['C:\\lab\\Meier\\a.rec is short', '… is short'],
  ['cannot read /srv/Hans Meier/1957/a.mrc at 12', 'cannot read … at 12'],
  ['C:\\My lab\\Hans Meier\\a b.rec is short', '… … is short'],
  ['3/4 of 5/6 tiles', '3/4 of 5/6 tiles'],
  ['Meier_Hans.nii.gz is not a volume', '… is not a volume'],
  ['GET /v1/files/a/b?signature=abc failed', 'GET … failed'],
  ['sent Bearer abcdef to it', 'sent Bearer … to it'],
  ['token=abcdef was wrong', 'token=… was wrong'],
  ['12 tiles at 3.5 per second', '12 tiles at 3.5 per second'],
])('%s is logged without names', (text, expected) => {
  expect(withoutNames(text)).toBe(expected)
})

it('gives the words of the system by code and call, and the stack without folders', async () => {
  const { readFile } = await import('node:fs/promises')
  const error = await readFile('/srv/Meier/a.mrc').catch((caught) => caught)
  const logged = errorForLog(new DomainError('internal', { cause: error }))
  expect(logged).toMatchObject({ type: 'DomainError', cause: { message: 'ENOENT in open', code: 'ENOENT' } })
  expect(JSON.stringify(logged)).not.toMatch(/Meier|srv/)
  expect(logged.stack).toMatch(/^at .*\(?server\/plugins\/log-settings\.test\.ts/)
})

it.each([
  ['volume_changed', { name: 'Hans Meier 1957.em' }],
  ['format_corrupt_stream', { name: 'Meier.mrc', message: 'The text data of Hans Meier cannot be read.' }],
  ['format_detached_data_missing', { name: 'a.nhdr', dataName: 'Hans Meier' }],
] as const)('gives the words of %s without what somebody chose', (code, details) => {
  const logged = errorForLog(new DomainError(code, { ...details }))
  expect(logged).toMatchObject({ type: 'DomainError', code })
  expect(logged.message).not.toBe('')
  expect(JSON.stringify(logged)).not.toMatch(/Hans|Meier|1957/)
})

it('gives the values of a problem that say what was wrong', () => {
  const away = new DomainError('database_unavailable', { reason: 'the connection broke' })
  expect(errorForLog(away).message).toContain('the connection broke')
  const full = new DomainError('disk_full', { neededBytes: 12, freeBytes: 7 })
  expect(errorForLog(full).message).toMatch(/12.*7/)
})

it('says the kind only of what is no error', () => {
  expect(errorForLog('secret')).toEqual({ type: 'string', message: '', stack: '' })
})
