// Writes resources/model.schema.json from the contract. Run it after a change of shared/contract/model-package.ts.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const file = path.join(root, 'resources/model.schema.json')

function run(script, args) {
  const { status } = spawnSync(process.execPath, [path.join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}

run('typescript/bin/tsc', ['-b', 'shared'])
const { modelSchema } = await import(pathToFileURL(path.join(root, 'dist/shared/contract/model-schema.js')))
writeFileSync(file, JSON.stringify(modelSchema(), null, 2))
run('@biomejs/biome/bin/biome', ['format', '--write', file])
