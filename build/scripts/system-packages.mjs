// The system libraries that Electron and a display without a screen need on Linux.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const DEBIAN = [
  'xvfb',
  'xauth',
  'libgtk-3-0',
  'libnss3',
  'libgbm1',
  'libasound2',
  'ca-certificates',
  'fonts-dejavu-core',
]
const FEDORA = ['xorg-x11-server-Xvfb', 'gtk3', 'nss', 'mesa-libgbm', 'alsa-lib', 'dejavu-sans-fonts']

/** Names as this release has them: newer Debians and Ubuntus ship the libraries under a new name. */
function isInstalled(name) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own syntax
  const query = spawnSync('dpkg-query', ['-W', '-f=${Status}\n', name, `${name}t64`], { encoding: 'utf8' })
  return /^install ok installed$/m.test(query.stdout ?? '')
}

function nameHere(name) {
  const known = spawnSync('apt-cache', ['show', '--no-all-versions', name], { encoding: 'utf8' })
  return known.status === 0 && known.stdout.trim() !== '' ? name : `${name}t64`
}

/** Installs what is missing where that is possible without asking; else returns the command to type, or null. */
export function ensureSystemPackages() {
  if (process.platform !== 'linux') return null
  if (!existsSync('/etc/debian_version')) {
    const hasXvfb = process.env.DISPLAY || spawnSync('sh', ['-c', 'command -v Xvfb']).status === 0
    return hasXvfb ? null : `sudo dnf install ${FEDORA.join(' ')}   (or the same with your package manager)`
  }
  const missing = DEBIAN.filter((name) => !isInstalled(name))
  if (missing.length === 0) return null
  if (process.getuid?.() !== 0)
    return `sudo apt-get install -y --no-install-recommends ${missing.map(nameHere).join(' ')}`
  console.error(`installing ${missing.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  spawnSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 2, 2], env })
  const wanted = missing.map(nameHere)
  const done = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...wanted], {
    stdio: ['ignore', 2, 2],
    env,
  })
  return done.status === 0 ? null : `apt-get install -y --no-install-recommends ${wanted.join(' ')}`
}
