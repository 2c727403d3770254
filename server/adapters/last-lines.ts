/** Bytes kept of what a worker wrote to stderr. */
const KEPT_CHARS = 4096

/** Collects the end of a text stream. */
export class LastLines {
  private text = ''

  add(chunk: string): void {
    this.text = (this.text + chunk).slice(-KEPT_CHARS)
  }

  toString(): string {
    return this.text.trim()
  }
}
