import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import type { CertificateFiles } from '../../server/test/certificates.ts'
import { freePort } from '../../server/test/free-port.ts'

export type ProxyName = 'nginx' | 'caddy'

export interface RunningProxy {
  /** `https://localhost:port` */
  url: string
  stop(): Promise<void>
}

/** Whether the program is installed. */
export function hasProxy(name: ProxyName): boolean {
  return spawnSync(name, [name === 'nginx' ? '-v' : 'version']).status === 0
}

/**
 * Starts the real program with the file that is shipped, in which only names, ports and paths are replaced.
 * @param upstream `host:port` of the server behind it
 */
export async function startProxy(
  name: ProxyName,
  folder: string,
  files: CertificateFiles,
  upstream: string,
): Promise<RunningProxy> {
  const port = await freePort()
  const child = name === 'nginx' ? runNginx(folder, files, upstream, port) : runCaddy(folder, files, upstream, port)
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  for (let tries = 0; !(await isListening(port)); tries++) {
    if (child.exitCode !== null || tries > 200) throw new Error(`${name} does not listen: ${said}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const stop = async () => {
    child.kill('SIGTERM')
    await gone
  }
  return { url: `https://localhost:${port}`, stop }
}

const shipped = (file: string) => readFileSync(path.join(import.meta.dirname, file), 'utf8')

function runNginx(folder: string, files: CertificateFiles, upstream: string, port: number): ChildProcess {
  mkdirSync(path.join(folder, 'nginx'), { recursive: true })
  const at = (file: string) => path.join(folder, 'nginx', file)
  const site = shipped('nginx-cryomamba.conf')
    .replaceAll('cryomamba.example.org', 'localhost')
    .replaceAll('127.0.0.1:7450', upstream)
    .replace('listen 443', `listen 127.0.0.1:${port}`)
    .replaceAll(/^ +listen (\[::\]:443|80|\[::\]:80).*\n/gm, '')
    .replace(
      'server {\n    server_name localhost;\n    return',
      `server {\n    listen unix:${at('plain.sock')};\n    return`,
    )
    .replace('/etc/ssl/cryomamba/fullchain.pem', files.cert)
    .replace('/etc/ssl/cryomamba/privkey.pem', files.key)
    .replace('/var/log/nginx/cryomamba.log', at('access.log'))
  writeFileSync(at('site.conf'), site)
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${at(kind)};`)
  const main = [
    `user root; pid ${at('pid')}; error_log stderr warn; daemon off;`,
    'events { worker_connections 256; }',
    `http { ${places.join(' ')} include ${at('site.conf')}; }`,
  ]
  writeFileSync(at('nginx.conf'), main.join('\n'))
  return spawn('nginx', ['-c', at('nginx.conf'), '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] })
}

function runCaddy(folder: string, files: CertificateFiles, upstream: string, port: number): ChildProcess {
  const file = path.join(folder, 'Caddyfile')
  const text = shipped('Caddyfile')
    .replace('example.org} {', 'example.org} {\n\tbind 127.0.0.1')
    .replace('/etc/ssl/cryomamba/fullchain.pem', files.cert)
    .replace('/etc/ssl/cryomamba/privkey.pem', files.key)
  writeFileSync(file, text.replace('\n{\n', '\n{\n\tadmin off\n\tauto_https disable_redirects\n'))
  const site = { CRYOMAMBA_SITE: `https://localhost:${port}`, CRYOMAMBA_UPSTREAM: upstream }
  const env = { ...process.env, ...site, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const args = ['run', '--config', file, '--adapter', 'caddyfile']
  return spawn('caddy', args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
