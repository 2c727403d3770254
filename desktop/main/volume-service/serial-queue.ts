/** Runs pieces of work one after the other, so that a level and the labels over it are never of different grids. */
export class SerialQueue {
  private last: Promise<unknown> = Promise.resolve()

  /** The result of `work`, which begins when everything before it has ended, whether well or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work, work)
    this.last = result.catch(() => undefined)
    return result
  }
}
