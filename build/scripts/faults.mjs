// npm run test:faults [-- --minutes N --seed S --only STAGES --postgres]: compiles the server and runs it under faults.
import { spawnSync } from 'node:child_process'

const run = (args) => spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1
if (run(['node_modules/typescript/bin/tsc', '-b', 'server', 'server/test/faults']) !== 0) process.exit(1)
process.exit(run(['dist/server/test/faults/main.js', ...process.argv.slice(2)]))
