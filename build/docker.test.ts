import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readConfig } from '../server/config.ts'

const HERE = import.meta.dirname
const ROOT = path.resolve(HERE, '..')
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')

interface Bind {
  type: string
  source: string
  target: string
  bind?: { create_host_path?: boolean }
}
interface Service {
  image: string
  user?: string
  ports?: string[]
  networks?: string[]
  network_mode?: string
  environment?: Record<string, string>
  env_file?: string
  volumes: (string | Bind)[]
  read_only?: boolean
  cap_drop?: string[]
  cap_add?: string[]
  security_opt?: string[]
  stop_grace_period?: string
  build?: { context: string; dockerfile: string }
}

const main = parse(read('build/docker/compose.yaml'))
const nightly = parse(read('build/docker/compose.backup.yaml'))
const { server, caddy }: Record<string, Service> = main.services
const { backup }: Record<string, Service> = nightly.services
const DOCKERFILE = read('build/docker/Dockerfile').replaceAll(/\\\n/g, ' ')
const SERVER_PAGE = read('docs/server.md')

/** What follows a word of the Dockerfile at the beginning of its lines. */
const lines = (word: string) =>
  [...DOCKERFILE.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest]) => rest.trim())
const environment = Object.fromEntries(
  lines('ENV').flatMap((rest) => [...rest.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value])),
)

describe('the compose file of the server', () => {
  it('has the server and its proxy, of which the proxy alone has ports: those that the documentation opens', () => {
    expect(Object.keys(main.services)).toEqual(['server', 'caddy'])
    expect(caddy.ports).toEqual(['80:80', '443:443'])
    expect(server.ports).toBeUndefined()
    expect(SERVER_PAGE).toContain("Firewall: 443 and 80 from the users' network")
  })

  it('lets the server out nowhere, and trusts the network that the proxy is in', () => {
    expect(server.networks).toEqual(['inside'])
    expect(main.networks.inside.internal).toBe(true)
    const subnet = main.networks.inside.ipam.config[0].subnet
    expect(server.environment?.CRYOMAMBA_TRUST_PROXY).toBe(subnet)
    expect(caddy.networks).toContain('inside')
  })

  it('leads the proxy to the port that the image serves, by names that its file knows', () => {
    const [port] = lines('EXPOSE')
    expect(caddy.environment?.CRYOMAMBA_UPSTREAM).toBe(`server:${port}`)
    expect(readConfig({}, { dataFolder: '/data', modelFolders: [] }).port).toBe(Number(port))
    const caddyfile = read('build/proxy/Caddyfile')
    for (const name of Object.keys(caddy.environment ?? {})) expect(caddyfile).toContain(`{$${name}:`)
    const folder = /tls (\S+)\/fullchain\.pem/.exec(caddyfile)?.[1]
    expect(caddy.volumes).toContain(`./certificates:${folder}:ro`)
    expect(SERVER_PAGE).toContain('mkdir certificates')
  })

  it('keeps data in a volume, at the folder of the image', () => {
    expect(server.volumes).toEqual([`data:${environment.CRYOMAMBA_DATA}`])
    expect(lines('VOLUME')).toEqual([environment.CRYOMAMBA_DATA])
    for (const name of ['data', 'caddy-data', 'caddy-config']) expect(main.volumes).toHaveProperty(name)
  })

  it('builds from files that are there, and waits longer than the server takes to stop', () => {
    expect(path.resolve(HERE, 'docker', server.build?.context ?? '')).toBe(ROOT)
    expect(existsSync(path.join(ROOT, server.build?.dockerfile ?? ''))).toBe(true)
    const { stopSeconds } = readConfig({}, { dataFolder: '/data', modelFolders: [] })
    expect(Number.parseInt(server.stop_grace_period ?? '', 10)).toBeGreaterThan(stopSeconds)
  })

  it('names settings that the server has, in the example of its file too', () => {
    const example = read('build/docker/cryomamba.env.example')
    expect(server.env_file).toBe('cryomamba.env')
    expect(SERVER_PAGE).toContain('cp cryomamba.env.example cryomamba.env')
    const given = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name)
    const known = read('server/config.ts')
    for (const name of [...given, ...Object.keys(server.environment ?? {})]) expect(known).toContain(`'${name}'`)
  })
})

describe('the compose file of the nightly backup', () => {
  it("runs as the image's user, for root could not be kept from other files", () => {
    expect(lines('USER')).toEqual([backup.user])
    const [uid, gid] = (backup.user ?? '').split(':')
    expect(DOCKERFILE).toContain(`useradd --uid ${uid} --gid ${gid}`)
    expect(DOCKERFILE).toContain(`install -d -o ${uid} -g ${gid} -m 0700 ${environment.CRYOMAMBA_DATA}`)
  })

  it("reads the server's volume and image, and writes to a folder that the documentation makes for that user", () => {
    expect(backup.image).toBe(server.image)
    expect(backup.volumes[0]).toBe(`data:${backup.environment?.CRYOMAMBA_DATA}`)
    const folder = backup.volumes[1] as Bind
    expect(folder).toMatchObject({ type: 'bind', source: './backups', bind: { create_host_path: false } })
    const [uid, gid] = (backup.user ?? '').split(':')
    for (const page of [SERVER_PAGE, read('docs/database.md')])
      expect(page).toContain(`install -d -o ${uid} -g ${gid} -m 0700 backups`)
    const { command } = backup as unknown as { command: string[] }
    expect(command[0]).toContain(`cryomamba backup --out ${folder.target}/ --keep 14`)
  })

  it('has no network', () => {
    expect(backup.network_mode).toBe('none')
  })
})

it.each(Object.entries({ server, caddy, backup }))('%s is closed as far as its work allows', (name, service) => {
  expect(service.read_only).toBe(true)
  expect(service.cap_drop).toEqual(['ALL'])
  expect(service.cap_add ?? []).toEqual(name === 'caddy' ? ['NET_BIND_SERVICE'] : [])
  expect(service.security_opt).toContain('no-new-privileges:true')
})

it('the documentation runs commands in services that are there', () => {
  const named = [...SERVER_PAGE.matchAll(/docker compose exec (\w+)/g)].map(([, name]) => name)
  expect(named.length).toBeGreaterThan(0)
  for (const name of named) expect(Object.keys(main.services)).toContain(name)
})

describe('the Dockerfile', () => {
  /** In the checkout, or made by the stage before. */
  const MADE = ['node_modules', 'dist']

  it('copies what is there and is not left out of the build', () => {
    const ignored = read('.dockerignore').split('\n').filter(Boolean)
    const sources = lines('COPY').flatMap((rest) => {
      const words = rest.split(/\s+/)
      const isBuilt = words[0] === '--from=build'
      const named = words.slice(isBuilt ? 1 : 0, -1)
      return isBuilt ? named.filter((one) => one.startsWith('/src/')).map((one) => one.slice('/src/'.length)) : named
    })
    expect(sources).toEqual(expect.arrayContaining(['package.json', '.', 'resources', 'dist']))
    for (const source of sources.filter((one) => !MADE.includes(one))) {
      expect(existsSync(path.join(ROOT, source)), source).toBe(true)
      expect(ignored).not.toContain(source)
    }
  })

  it('starts a program that the package has', () => {
    const entry = /node \/app\/dist\/(\S+)\.js/.exec(DOCKERFILE)?.[1]
    expect(existsSync(path.join(ROOT, `${entry}.ts`))).toBe(true)
    expect(DOCKERFILE).toContain('/v1/readyz')
  })

  it("takes CUDA's provider by the script that checks it alone, for the CUDA of its base", () => {
    expect(lines('ENV')).toContain('ONNXRUNTIME_NODE_INSTALL=skip')
    expect(lines('RUN')).toContain('node build/scripts/cuda-provider.mjs')
    expect(DOCKERFILE).not.toMatch(/curl|wget|^ADD /m)
    const script = read('build/scripts/cuda-provider.mjs')
    const [, cuda] = /gpu_cuda(\d+)-/.exec(script) ?? []
    expect(lines('FROM').at(-1)).toMatch(new RegExp(`^nvidia/cuda:${cuda}\\.\\d+\\.\\d+-cudnn-runtime-`))
    expect(SERVER_PAGE).toContain(`The image is on CUDA ${cuda} with cuDNN 9`)
  })

  it('removes the parts of onnxruntime of other systems from the folder that the provider goes to', () => {
    const target = /'(bin\/[^']+)'\)/.exec(read('build/scripts/cuda-provider.mjs'))?.[1]
    const removed = [...DOCKERFILE.matchAll(/onnxruntime-node\/(bin\/\S+)/g)].map(([, folder]) => folder)
    expect(removed).toHaveLength(3)
    expect(target).toBe('bin/napi-v6/linux/x64')
    for (const folder of removed) expect(`${target}/`.startsWith(`${folder}/`)).toBe(false)
    for (const folder of removed)
      expect(existsSync(path.join(ROOT, 'node_modules/onnxruntime-node', folder))).toBe(true)
  })
})
