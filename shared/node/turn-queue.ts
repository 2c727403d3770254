/** Lets at most so many pieces of work go on at once; the others wait in their order. */
export class TurnQueue {
  private numFree: number
  private readonly waiting: (() => void)[] = []

  constructor(lanes: number) {
    this.numFree = lanes
  }

  /** Does the work when its turn has come; resolves or rejects with it. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.numFree > 0) this.numFree--
    else await new Promise<void>((resolve) => this.waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.waiting.shift()
      if (next) next()
      else this.numFree++
    }
  }
}
