import { expect, it } from 'vitest'
import { isName } from './access.ts'
import { nameOfSubject } from './subject-name.ts'

it('leaves a name of small letters as it is', () => {
  for (const name of ['anna', '6f1c8f2e-0000-4000-8000-3d6b1c0a9f11', '248289761001', 'anna+em@lab.org'])
    expect(nameOfSubject(name)).toBe(name)
})

it('takes every subject there is, and spells what a name cannot hold', () => {
  expect(nameOfSubject('auth0|5f7C')).toBe('oidc+auth0+7c5f7+43')
  expect(nameOfSubject('-abc')).toBe('oidc+-abc')
  expect(nameOfSubject('Zoë B')).toBe('oidc++5ao+c3+ab+20+42')
  expect(nameOfSubject('')).toBeNull()
})

it('never gives two subjects one name, nor the name of the server', () => {
  const parts = ['a', 'A', '+', '41', '7c', '|', '-', '_', 'oidc', 'oidc+', 'oidc.', 'owner', ' ', 'é', 'e\u0301']
  const subjects = new Set(parts.flatMap((a) => parts.flatMap((b) => parts.flatMap((c) => [a, a + b, a + b + c]))))
  for (const long of ['x', 'X', 'y']) subjects.add(long.repeat(255))
  const names = [...subjects].map((subject) => nameOfSubject(subject))
  expect(new Set(names).size).toBe(subjects.size)
  expect(names).not.toContain('owner')
  for (const name of names) expect(isName(name as string), name as string).toBe(true)
})

it('gives a subject that is too long a name that another cannot be spelled as', () => {
  const name = nameOfSubject('X'.repeat(255)) as string
  expect(name).toMatch(/^oidc\.[0-9a-f]{64}$/)
  expect(nameOfSubject(name)).not.toBe(name)
})
