import { isIP } from 'node:net'
import { availableParallelism, totalmem } from 'node:os'
import path from 'node:path'
import { DomainError } from '../shared/errors/domain-error.ts'
import type { OidcSettings } from './adapters/oidc-sign-in.ts'
import type { TlsPaths } from './adapters/tls-files.ts'
import { type DeviceSlot, deviceSlots } from './devices/device-slots.ts'
import { MOST_BLEND_THREADS } from './inference/shared-ring.ts'
import { asName } from './people/access.ts'

const MIB = 1024 * 1024

/** Every setting of the server, checked once at start and frozen. */
export interface ServerConfig {
  host: string
  port: number
  dataFolder: string
  /** Address of a PostgreSQL database with its password, never logged; null: the SQLite file in the data folder. */
  databaseUrl: string | null
  /** Fixed token, or null: one is made at the first start and kept in the data folder. */
  token: string | null
  /** Whether the server's own token is accepted; where not, only users' tokens are. */
  hasServerToken: boolean
  /** Identity provider whose tokens are accepted too, or null. */
  oidc: OidcSettings | null
  /** Requests that one token may send in a minute; 0: no limit. */
  requestsPerMinute: number
  /** Time for the head of a request; a body that hardly comes for this long is ended. */
  slowRequestSeconds: number
  auditDays: number
  /** Age at which the key that signs links is replaced; 0: never. */
  linkKeyDays: number
  modelFolders: string[]
  minChunkBytes: number
  maxChunkBytes: number
  defaultChunkBytes: number
  maxUploadBytes: number
  /** Largest archive of a model package, and largest package. */
  maxModelBytes: number
  /** What the network of an uploaded package may take while it is tried. */
  modelTrial: { seconds: number; bytes: number }
  uploadLifetimeHours: number
  /** A part that brings next to nothing for this long is ended. */
  uploadIdleSeconds: number
  /** Unfinished uploads that one user may have at a time. */
  maxUploadsPerUser: number
  /** What the volumes, unfinished uploads and artifacts of one user may take; 0 for no limit. */
  userQuotaBytes: number
  /** Free space that uploads leave for the database and results. */
  minFreeBytes: number
  devices: DeviceSlot[]
  threads: number
  /** Threads of one job that add tiles up beside the one that streams the volume. */
  blendThreads: number
  /** Jobs that would hold more are refused. */
  memoryLimitBytes: number
  /** Whether a job above the limit may keep its sums in a scratch file instead. */
  maySpill: boolean
  /** A worker that says nothing for this long before its first tile is ended; later sooner, by the time of a tile. */
  hangSeconds: number
  /** Shortest time between previews of a job, seconds. */
  previewSeconds: number
  /** How often finished planes of a running job are put on the disk for its next attempt. */
  checkpointSeconds: number
  /** Jobs of one user that run at once; 0: as many as there are devices. */
  jobsPerUser: number
  /** Jobs that may wait, of one user and of all. */
  maxQueuedPerUser: number
  maxQueued: number
  /** A job that runs for longer is ended; 0: no limit. */
  jobHours: number
  /** Half-life of the device time that is held against a user in the queue. */
  fairShareHours: number
  /** A running job that its server has not renewed for this long is taken from it. */
  leaseSeconds: number
  /** Live channels that one user may have open; 0: no limit. */
  socketsPerUser: number
  /** Age at which volumes, and results of jobs, are removed, or sooner where the disk gets full; 0: never. */
  retentionDays: number
  artifactDays: number
  /** Size of the folder of statistics that workers keep. */
  maxCacheBytes: number
  pathRoots: string[]
  artifactUrlSeconds: number
  /** Certificate and key of HTTPS; null: plain HTTP. */
  tls: TlsPaths | null
  /** Lets Prometheus read the figures from another computer; null: only this one may. */
  metricsToken: string | null
  /** Proxies whose word on addresses is taken; empty: none. */
  trustProxy: string[]
  /** Time for running tiles and open requests when the server is told to stop. */
  stopSeconds: number
  logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent'
  /** Loopback only: Host and Origin are checked. */
  isEmbedded: boolean
}

/**
 * Reads the settings from the environment. The table in the README lists them.
 * @throws {DomainError} `setting_invalid`
 */
export function readConfig(
  env: NodeJS.ProcessEnv,
  defaults: { dataFolder: string; modelFolders: string[] },
): Readonly<ServerConfig> {
  const read = new SettingReader(env)
  const minChunkBytes = read.integer('CRYOMAMBA_MIN_CHUNK_BYTES', 8 * MIB, 1)
  const maxChunkBytes = read.integer('CRYOMAMBA_MAX_CHUNK_BYTES', 32 * MIB, minChunkBytes)
  const devices = deviceSlots(read.list('CRYOMAMBA_DEVICES'), env)
  const threads = read.integer('CRYOMAMBA_THREADS', Math.max(1, availableParallelism()), 1, 256)
  return Object.freeze({
    host: env.CRYOMAMBA_HOST || '127.0.0.1',
    port: read.integer('CRYOMAMBA_PORT', 7450, 0, 65535),
    dataFolder: path.resolve(env.CRYOMAMBA_DATA || defaults.dataFolder),
    databaseUrl: read.databaseUrl('DATABASE_URL'),
    token: read.token('CRYOMAMBA_TOKEN'),
    hasServerToken: env.CRYOMAMBA_TOKEN !== 'off',
    oidc: read.oidc(),
    requestsPerMinute: read.integer('CRYOMAMBA_REQUESTS_PER_MINUTE', 60, 0),
    slowRequestSeconds: read.integer('CRYOMAMBA_SLOW_REQUEST_SECONDS', 60, 1, 3600),
    auditDays: read.integer('CRYOMAMBA_AUDIT_DAYS', 365, 1, 36500),
    linkKeyDays: read.integer('CRYOMAMBA_LINK_KEY_DAYS', 30, 0, 36500),
    modelFolders: [...defaults.modelFolders, ...read.list('CRYOMAMBA_MODELS').map((folder) => path.resolve(folder))],
    minChunkBytes,
    maxChunkBytes,
    defaultChunkBytes: read.integer(
      'CRYOMAMBA_CHUNK_BYTES',
      Math.max(minChunkBytes, Math.min(16 * MIB, maxChunkBytes)),
      minChunkBytes,
      maxChunkBytes,
    ),
    maxUploadBytes: read.integer('CRYOMAMBA_MAX_UPLOAD_BYTES', 64 * 1024 * MIB, 1),
    maxModelBytes: read.integer('CRYOMAMBA_MAX_MODEL_BYTES', 4 * 1024 * MIB, 1),
    modelTrial: {
      seconds: read.integer('CRYOMAMBA_MODEL_TRIAL_SECONDS', 180, 1, 86400),
      bytes: read.integer('CRYOMAMBA_MODEL_TRIAL_BYTES', Math.min(12 * 1024 * MIB, mostOfMemory()), 256 * MIB),
    },
    uploadLifetimeHours: read.integer('CRYOMAMBA_UPLOAD_HOURS', 72, 1),
    uploadIdleSeconds: read.integer('CRYOMAMBA_UPLOAD_IDLE_SECONDS', 60, 1, 3600),
    maxUploadsPerUser: read.integer('CRYOMAMBA_MAX_UPLOADS_PER_USER', 10, 1),
    userQuotaBytes: read.integer('CRYOMAMBA_USER_QUOTA_BYTES', 0, 0),
    minFreeBytes: read.integer('CRYOMAMBA_MIN_FREE_BYTES', 256 * MIB, 0),
    devices,
    threads,
    blendThreads: read.integer('CRYOMAMBA_BLEND_THREADS', sparePlaces(devices, threads), 0, MOST_BLEND_THREADS),
    memoryLimitBytes: read.integer('CRYOMAMBA_MEMORY_LIMIT_BYTES', mostOfMemory(), 256 * MIB),
    maySpill: read.oneOf('CRYOMAMBA_SPILL', 'no', ['yes', 'no']) === 'yes',
    hangSeconds: read.integer('CRYOMAMBA_HANG_SECONDS', 900, 30),
    ...readQueueSettings(read),
    pathRoots: read.list('CRYOMAMBA_PATH_ROOTS').map((folder) => path.resolve(folder)),
    artifactUrlSeconds: read.integer('CRYOMAMBA_ARTIFACT_URL_SECONDS', 3600, 10),
    tls: read.pair('CRYOMAMBA_TLS_CERT', 'CRYOMAMBA_TLS_KEY'),
    metricsToken: read.token('CRYOMAMBA_METRICS_TOKEN'),
    trustProxy: read.addresses('CRYOMAMBA_TRUST_PROXY'),
    stopSeconds: read.integer('CRYOMAMBA_STOP_SECONDS', 60, 0, 3600),
    logLevel: read.oneOf('CRYOMAMBA_LOG_LEVEL', 'info', ['fatal', 'error', 'warn', 'info', 'debug', 'silent']),
    isEmbedded: false,
  })
}

function readQueueSettings(read: SettingReader) {
  return {
    previewSeconds: read.integer('CRYOMAMBA_PREVIEW_SECONDS', 0, 0, 600),
    checkpointSeconds: read.integer('CRYOMAMBA_CHECKPOINT_SECONDS', 30, 0, 3600),
    jobsPerUser: read.integer('CRYOMAMBA_JOBS_PER_USER', 0, 0),
    maxQueuedPerUser: read.integer('CRYOMAMBA_QUEUED_PER_USER', 200, 1),
    maxQueued: read.integer('CRYOMAMBA_MAX_QUEUED', 2000, 1),
    jobHours: read.integer('CRYOMAMBA_JOB_HOURS', 0, 0, 8760),
    fairShareHours: read.integer('CRYOMAMBA_FAIR_SHARE_HOURS', 24, 1, 8760),
    leaseSeconds: read.integer('CRYOMAMBA_LEASE_SECONDS', 60, 5, 3600),
    socketsPerUser: read.integer('CRYOMAMBA_SOCKETS_PER_USER', 64, 0),
    retentionDays: read.integer('CRYOMAMBA_RETENTION_DAYS', 0, 0, 36500),
    artifactDays: read.integer('CRYOMAMBA_ARTIFACT_DAYS', 0, 0, 36500),
    maxCacheBytes: read.integer('CRYOMAMBA_CACHE_BYTES', 1024 * MIB, 0),
  }
}

/** Cores that networks and the threads that stream their volumes leave, shared by the jobs that run at once. */
function sparePlaces(devices: readonly DeviceSlot[], threads: number): number {
  const used = devices.reduce((sum, { provider }) => sum + 1 + (provider === 'cpu' ? threads : 1), 0)
  const spare = Math.floor((availableParallelism() - used) / devices.length)
  return Math.max(0, Math.min(MOST_BLEND_THREADS, spare))
}

/** 90 % of the memory of the computer or, where it has less, of the container. */
function mostOfMemory(): number {
  const container = process.constrainedMemory()
  return Math.floor(0.9 * (container > 0 ? Math.min(container, totalmem()) : totalmem()))
}

/** https, or http on this computer. */
function isSecureAddress(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || (protocol === 'http:' && (hostname === '127.0.0.1' || hostname === 'localhost'))
}

class SettingReader {
  private readonly env: NodeJS.ProcessEnv

  constructor(env: NodeJS.ProcessEnv) {
    this.env = env
  }

  integer(name: string, fallback: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
    const text = this.env[name]
    if (text === undefined || text === '') return fallback
    const value = Number(text)
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value
    throw new DomainError('setting_invalid', { name, reason: `"${text}" is not a whole number from ${min} to ${max}` })
  }

  list(name: string): string[] {
    return (this.env[name] ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  }

  /** Two files that make sense only together. */
  pair(certName: string, keyName: string): TlsPaths | null {
    const [cert, key] = [this.env[certName] ?? '', this.env[keyName] ?? '']
    if (cert === '' && key === '') return null
    if (cert !== '' && key !== '') return { cert: path.resolve(cert), key: path.resolve(key) }
    const [missing, given] = cert === '' ? [certName, keyName] : [keyName, certName]
    throw new DomainError('setting_invalid', { name: missing, reason: `it is missing while ${given} is set` })
  }

  /** Addresses, networks, or the names that Fastify knows. */
  addresses(name: string): string[] {
    const items = this.list(name)
    const isKnown = (item: string) => {
      const [address, bits, ...more] = item.split('/')
      const most = isIP(address) === 4 ? 32 : 128
      return isIP(address) !== 0 && more.length === 0 && (bits === undefined || (/^\d+$/.test(bits) && +bits <= most))
    }
    const wrong = items.find((item) => item !== 'loopback' && !isKnown(item))
    if (wrong === undefined) return items
    const reason = `"${wrong}" is neither an address, a network such as 10.0.0.0/8, nor "loopback"`
    throw new DomainError('setting_invalid', { name, reason })
  }

  token(name: string): string | null {
    const text = this.env[name]
    if (text === undefined || text === '' || text === 'off') return null
    if (/^[\x21-\x7e]{16,}$/.test(text)) return text
    throw new DomainError('setting_invalid', {
      name,
      reason: 'it needs at least 16 printable characters without spaces',
    })
  }

  /** An address of PostgreSQL; null for `sqlite` or nothing. The reason names the scheme only: the rest may be a password. */
  databaseUrl(name: string): string | null {
    const text = this.env[name]
    if (text === undefined || text === '' || text === 'sqlite') return null
    const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]
    const isPostgres = scheme === 'postgres' || scheme === 'postgresql'
    if (isPostgres && URL.canParse(text) && new URL(text).pathname.length > 1) return text
    const form = 'postgres://USER:PASSWORD@HOST:5432/NAME or sqlite'
    const reason =
      isPostgres || !scheme ? `it is not ${form}` : `databases of the kind "${scheme}" are not known; use ${form}`
    throw new DomainError('setting_invalid', { name, reason })
  }

  oidc(): OidcSettings | null {
    const issuer = this.env.OIDC_ISSUER ?? ''
    if (issuer === '') return null
    const refuse = (name: string, reason: string) => new DomainError('setting_invalid', { name, reason })
    if (!isSecureAddress(issuer)) throw refuse('OIDC_ISSUER', `"${issuer}" is not an https address`)
    const audience = this.env.OIDC_AUDIENCE ?? ''
    if (audience === '') throw refuse('OIDC_AUDIENCE', 'it is needed with OIDC_ISSUER')
    const adminGroup = this.env.OIDC_ADMIN_GROUP ?? ''
    const adminName = adminGroup === '' ? null : asName(adminGroup)
    if (adminGroup !== '' && adminName === null) throw refuse('OIDC_ADMIN_GROUP', 'it cannot be the name of a group')
    return {
      issuer,
      audience,
      userClaim: this.env.OIDC_USER_CLAIM || 'sub',
      groupsClaim: this.env.OIDC_GROUPS_CLAIM || 'groups',
      adminGroup: adminName,
    }
  }

  oneOf<T extends string>(name: string, fallback: T, values: readonly T[]): T {
    const text = this.env[name]
    if (text === undefined || text === '') return fallback
    const found = values.find((value) => value === text)
    if (found) return found
    throw new DomainError('setting_invalid', { name, reason: `"${text}" is none of ${values.join(', ')}` })
  }
}
