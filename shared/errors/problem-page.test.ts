import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { problemPage } from './problem-page.ts'
import { PROBLEMS } from './problems.ts'

const FILE = path.resolve(import.meta.dirname, '../../docs/errors.md')

it('docs/errors.md is that of the table; else run node build/scripts/errors-page.mjs', async () => {
  expect(await readFile(FILE, 'utf8')).toBe(problemPage())
})

it('lists every code once', () => {
  const page = problemPage()
  for (const code of Object.keys(PROBLEMS)) expect(page.split(`| \`${code}\` |`)).toHaveLength(2)
})
