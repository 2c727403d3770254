import { readConfig } from './config.ts'

/** Variables of the command line, the app, the containers and the tests. */
const OTHERS: readonly string[] = [
  'CRYOMAMBA_CA',
  'CRYOMAMBA_CUDA_SHA256',
  'CRYOMAMBA_DEBUG',
  'CRYOMAMBA_FINGERPRINT',
  'CRYOMAMBA_LEVEL_CACHE_BYTES',
  'CRYOMAMBA_POSTGRES_BIN',
  'CRYOMAMBA_SHARED_DATA',
  'CRYOMAMBA_SITE',
  'CRYOMAMBA_STATE',
  'CRYOMAMBA_TOKEN_FILE',
  'CRYOMAMBA_UNPACKED_BYTES',
  'CRYOMAMBA_UPSTREAM',
  'CRYOMAMBA_USER_DATA',
]

const OF_TESTS = /^CRYOMAMBA_(TEST|E2E)(_|$)/

/** Names of set variables that look like settings and that nothing reads: they are likely misspelt. */
export function unknownSettings(env: NodeJS.ProcessEnv): string[] {
  const read = namesOfSettings()
  return Object.keys(env)
    .filter((name) => name.startsWith('CRYOMAMBA_') && !OF_TESTS.test(name))
    .filter((name) => !read.has(name) && !OTHERS.includes(name))
    .sort()
}

/** What the reader of settings asks for: a list beside it would be forgotten. */
function namesOfSettings(): Set<string> {
  const names = new Set<string>()
  const asked = (_: NodeJS.ProcessEnv, name: string | symbol) => void names.add(String(name))
  readConfig(new Proxy<NodeJS.ProcessEnv>({}, { get: asked }), { dataFolder: '.', modelFolders: [] })
  return names
}
