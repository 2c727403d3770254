/** Settings that only the server itself may know: its tokens and keys, and the ways to its database. */
const SECRET = /^(CRYOMAMBA_\w*(TOKEN|TLS_KEY)\w*|DATABASE_URL|OIDC_\w*|PG\w*)$/i

/** The environment of this process as a child that runs other people's networks may see it. */
export function inheritedEnv(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SECRET.test(name)))
}
