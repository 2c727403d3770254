import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { protocol } from 'electron'

/** Where the window's own files are served from. */
export const APP_ORIGIN = 'app://cryomamba'

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self' data: blob:",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}

/** Must run before the app is ready. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: 'app',
      privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
    },
  ])
}

/** Serves the built window from `folder`, and nothing outside it. */
export function serveApp(folder: string): void {
  protocol.handle('app', async (request) => {
    const file = fileOf(request, folder)
    if (!file) return new Response('not found', { status: 404 })
    const body = await readFile(file).catch(() => null)
    if (!body) return new Response('not found', { status: 404 })
    return new Response(new Uint8Array(body), { headers: headersFor(file) })
  })
}

function fileOf(request: Request, folder: string): string | null {
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.host !== 'cryomamba') return null
  const file = path.join(folder, decodeURIComponent(url.pathname))
  return file.startsWith(folder + path.sep) && path.extname(file) in MEDIA_TYPES ? file : null
}

function headersFor(file: string): Record<string, string> {
  return {
    'content-type': MEDIA_TYPES[path.extname(file)],
    'content-security-policy': POLICY,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  }
}
