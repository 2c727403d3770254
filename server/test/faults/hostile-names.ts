import { COMMON, filled, OWNED } from './addresses.ts'
import { type HostileCase, hostile, JSON_TYPE, request, type Target } from './hostile-case.ts'
import { isRefusal, isRefusalOrEnd, isRefusalOrFine } from './hostile-judge.ts'
import { ESCAPED } from './surroundings.ts'

/** What an id in an address could be instead of an id. Spaces and control characters end the line, so they are encoded. */
const BAD_IDS: readonly string[] = [
  '..',
  '../..',
  '../../../../etc/passwd',
  '%2e%2e',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '..%2f..%2fetc%2fpasswd',
  '..%5c..%5cwindows%5cwin.ini',
  '..\\..\\windows\\win.ini',
  '%252e%252e%252f',
  '%c0%ae%c0%ae%c0%af',
  '%ef%bc%8e%ef%bc%8e%ef%bc%8f',
  '%00',
  'a%00.mrc',
  '%0d%0aX-Injected:%20yes',
  '%zz',
  '%',
  '%e0%80%af',
  '~root',
  '$(id)',
  ';ls',
  "'%20OR%201=1--",
  '__proto__',
  'constructor',
  'toString',
  'CON',
  'NUL.mrc',
  'C:%5cwindows',
  '%5c%5cserver%5cshare',
  '.',
  '%20',
  '%F0%9F%92%A3',
  'a%CC%8A',
  'A'.repeat(99),
  'A'.repeat(101),
  'a'.repeat(4000),
  '00000000-0000-7000-8000-000000000000',
  '00000000-0000-7000-8000-00000000000G',
  '00000000-0000-7000-8000-000000000000%20',
  '00000000-0000-7000-8000-000000000000/..',
]

/** Names of files that a sender could announce. Those that are names of one plain file may be taken. */
const BAD_FILENAMES: readonly string[] = [
  `../${ESCAPED}.mrc`,
  `../../../../../../tmp/${ESCAPED}.mrc`,
  `/tmp/${ESCAPED}.mrc`,
  `..\\..\\${ESCAPED}.mrc`,
  `C:\\${ESCAPED}.mrc`,
  `\\\\server\\share\\${ESCAPED}.mrc`,
  `${ESCAPED}.mrc\0.png`,
  `${ESCAPED}\r\nSet-Cookie: a=b.mrc`,
  `\u001b[31m${ESCAPED}.mrc`,
  `\u007f${ESCAPED}.mrc`,
  `\u0085${ESCAPED}.mrc`,
  '.',
  '..',
  '',
  `${'a'.repeat(256)}.mrc`,
]

const ODD_FILENAMES: readonly string[] = [
  `%2e%2e%2f${ESCAPED}.mrc`,
  `..%2f${ESCAPED}.mrc`,
  `．．／${ESCAPED}.mrc`,
  `\u202e${ESCAPED}.mrc`,
  `a\u030a${ESCAPED}.mrc`,
  `å${ESCAPED}.mrc`,
  `CON.mrc`,
  `NUL`,
  `${ESCAPED}:stream.mrc`,
  `${ESCAPED}. . .`,
  `$(touch ${ESCAPED}).mrc`,
  `\`touch ${ESCAPED}\`.mrc`,
  `-rf ${ESCAPED}.mrc`,
  `${'é'.repeat(250)}.mrc`,
  `🧬${ESCAPED}.mrc`,
  `'; DROP TABLE uploads; --.mrc`,
  `<script>${ESCAPED}</script>.mrc`,
  `${ESCAPED}.tar.gz.${'b'.repeat(50)}`,
]

/** Tricks in every id of every address, in names of files, and in paths on the server. */
export function hostileNames(target: Target, folders: { allowed: string }): HostileCase[] {
  const init = (filename: string, verdict = isRefusal) => {
    const body = JSON.stringify({ filename, total_size: 2048, chunk_size: 65536 })
    const bytes = request(target, { method: 'POST', path: '/v1/uploads/init', headers: [JSON_TYPE], body })
    return hostile(`file name ${JSON.stringify(filename).slice(0, 60)}`, bytes, verdict)
  }
  return [
    ...badIds(target),
    ...BAD_FILENAMES.map((name) => init(name)),
    ...ODD_FILENAMES.map((name) => init(name, isRefusalOrFine)),
    ...badPaths(target, folders.allowed),
  ]
}

function badIds(target: Target): HostileCase[] {
  return [...OWNED, ...COMMON].flatMap(({ method, url, body }) => {
    const names = [...url.matchAll(/:(\w+)/g)].map((found) => found[1])
    return names.flatMap((name) =>
      BAD_IDS.map((id) => {
        // Everybody may have a model of this name; the rest of what follows is another address.
        const path = filled(url, { ...target.ids, [name]: id })
        const headers = body ? [JSON_TYPE] : []
        const bytes = request(target, { method, path, headers, body: body ? JSON.stringify(body) : '' })
        // A dot in a path is no path of ours, and a client that means the list must be let have it.
        const verdict = /\\|^\.$/.test(id) ? isRefusalOrEnd : isRefusal
        return hostile(`${method} ${url} with ${name} = ${id.slice(0, 50)}`, bytes, verdict)
      }),
    )
  })
}

function badPaths(target: Target, allowed: string): HostileCase[] {
  const paths = [
    '/etc/passwd',
    '/proc/self/environ',
    '/proc/self/mem',
    '/dev/zero',
    '/dev/stdin',
    '/',
    '.',
    '..',
    allowed,
    `${allowed}/`,
    `${allowed}/../secret.mrc`,
    `${allowed}/link.mrc`,
    `${allowed}/folder-link/secret.mrc`,
    `${allowed}/loop.mrc`,
    `${allowed}/pipe.mrc`,
    `${allowed}/gone.mrc`,
    `${allowed}/empty.mrc`,
    `${allowed}/text.mrc`,
    `${allowed}x/secret.mrc`,
    `${allowed}/%2e%2e/secret.mrc`,
    `${allowed}\0/a.mrc`,
    `${allowed}/${'a'.repeat(3000)}.mrc`,
    `file://${allowed}/a.mrc`,
    '\\\\server\\share\\a.mrc',
    '~/a.mrc',
  ]
  return paths.map((path) => {
    const body = JSON.stringify({ path })
    const bytes = request(target, { method: 'POST', path: '/v1/volumes/from-path', headers: [JSON_TYPE], body })
    return hostile(`path ${path.replace(allowed, 'ALLOWED').slice(0, 60)}`, bytes)
  })
}
