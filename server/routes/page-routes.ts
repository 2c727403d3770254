import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { DomainError } from '../../shared/errors/domain-error.ts'

/** Files of the page by their name, each with where it lies. */
export interface PageFolders {
  /** Mark-up, style and icon. */
  resources: string
  icons: string
  /** Compiled scripts. */
  scripts: string
}

const SCRIPTS = ['operator.js', 'render.js', 'elements.js', 'words.js']

/** Only what the page itself brings may run, and it talks to this server only. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const FileParams = Type.Object({ file: Type.String({ maxLength: 50 }) })

/** `GET /`: the page of the people who run the server. It holds no data: what it shows it asks for with a token. */
export const pageRoutes: FastifyPluginAsyncTypebox<{ folders: PageFolders }> = async (app, { folders }) => {
  const files = await loadFiles(folders)
  app.addHook('onSend', async (_request, reply) => {
    reply
      .header('content-security-policy', POLICY)
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer')
      .header('cache-control', 'no-cache')
  })
  app.get('/', { config: { isOpen: true } }, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(files.get('operator.html')?.bytes),
  )
  app.get('/operator/:file', { config: { isOpen: true }, schema: { params: FileParams } }, async (request, reply) => {
    const found = files.get(request.params.file)
    if (!found) throw new DomainError('route_not_found', { method: request.method, path: request.url.split('?')[0] })
    return reply.type(found.type).send(found.bytes)
  })
}

/** Read once: the page is small, and no address can name another file. */
async function loadFiles(folders: PageFolders): Promise<Map<string, { bytes: Buffer; type: string }>> {
  const files: [string, string, string][] = [
    ['operator.html', folders.resources, 'text/html; charset=utf-8'],
    ['operator.css', folders.resources, 'text/css; charset=utf-8'],
    ['icon.svg', folders.icons, 'image/svg+xml'],
    ...SCRIPTS.map((name): [string, string, string] => [name, folders.scripts, 'text/javascript; charset=utf-8']),
  ]
  const found = new Map<string, { bytes: Buffer; type: string }>()
  for (const [name, folder, type] of files) found.set(name, { bytes: await readFile(path.join(folder, name)), type })
  return found
}
