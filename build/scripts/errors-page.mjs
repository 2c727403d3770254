// Writes docs/errors.md from the table of problems. Run it after a change in shared/errors.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const tsc = [path.join(root, 'node_modules/typescript/bin/tsc'), '-b', 'shared']
const { status } = spawnSync(process.execPath, tsc, { cwd: root, stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)
const { problemPage } = await import(pathToFileURL(path.join(root, 'dist/shared/errors/problem-page.js')))
writeFileSync(path.join(root, 'docs/errors.md'), problemPage())
