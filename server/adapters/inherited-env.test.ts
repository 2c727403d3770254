import { expect, it } from 'vitest'
import { inheritedEnv } from './inherited-env.ts'

it('keeps the secrets of the server to itself and hands down the rest', () => {
  const secrets = [
    'CRYOMAMBA_TOKEN',
    'CRYOMAMBA_TOKEN_FILE',
    'CRYOMAMBA_METRICS_TOKEN',
    'CRYOMAMBA_TLS_KEY',
    'DATABASE_URL',
    'OIDC_ISSUER',
    'OIDC_CLIENT_SECRET',
    'PGPASSWORD',
    'PGPASSFILE',
    'PGSERVICEFILE',
    'PGUSER',
  ]
  const rest = { PATH: '/bin', LD_LIBRARY_PATH: '/lib', CRYOMAMBA_THREADS: '2', CUDA_VISIBLE_DEVICES: '1' }
  expect(inheritedEnv({ ...Object.fromEntries(secrets.map((name) => [name, 'x'])), ...rest })).toEqual(rest)
})
