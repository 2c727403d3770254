import { randomBytes } from 'node:crypto'

/** A key that signs links. Ids are short and in the link. */
export interface LinkKey {
  id: string
  /** base64url of 256 bits. */
  secret: string
  /** ISO 8601, UTC. */
  madeAt: string
}

export interface LinkKeyStore {
  /** Newest first; empty at the first start. */
  read(): Promise<LinkKey[]>
  write(keys: readonly LinkKey[]): Promise<void>
}

export interface LinkKeyAges {
  /** A key older than this is replaced; 0: never. */
  replaceAfterMs: number
  /** A replaced key is kept for as long as links that it signed may work. */
  linkLifetimeMs: number
}

/** The keys that sign links: the newest signs, those that were replaced still check until their last link has ended. */
export class LinkKeys {
  private keys: LinkKey[] = []
  private readonly store: LinkKeyStore
  private readonly ages: LinkKeyAges

  constructor(store: LinkKeyStore, ages: LinkKeyAges) {
    this.store = store
    this.ages = ages
  }

  /** Reads the keys, makes the first one, and replaces one that is too old. To be called at start and now and then. */
  async renew(nowMs = Date.now()): Promise<void> {
    const known = await this.store.read()
    const kept = known.filter((_, index) => !this.isOver(known, index, nowMs))
    const isOld =
      kept.length === 0 || (this.ages.replaceAfterMs > 0 && ageOf(kept[0], nowMs) > this.ages.replaceAfterMs)
    this.keys = isOld ? [newKey(nowMs), ...kept] : kept
    if (isOld || kept.length < known.length) await this.store.write(this.keys)
  }

  /** The key that signs now. */
  get current(): LinkKey {
    return this.keys[0]
  }

  find(id: string): LinkKey | null {
    return this.keys.find((key) => key.id === id) ?? null
  }

  /** A key that was replaced so long ago that no link of it can work any more. */
  private isOver(keys: readonly LinkKey[], index: number, nowMs: number): boolean {
    return index > 0 && ageOf(keys[index - 1], nowMs) > this.ages.linkLifetimeMs
  }
}

/** A fresh key. */
export function newKey(nowMs: number): LinkKey {
  const id = randomBytes(6).toString('base64url')
  return { id, secret: randomBytes(32).toString('base64url'), madeAt: new Date(nowMs).toISOString() }
}

function ageOf({ madeAt }: LinkKey, nowMs: number): number {
  return nowMs - Date.parse(madeAt)
}
