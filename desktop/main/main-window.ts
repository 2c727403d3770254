import type { BrowserWindow } from 'electron'

type WindowPart = Pick<BrowserWindow, 'isMinimized' | 'restore' | 'show' | 'focus' | 'once'>

/**
 * The one window, and what is to be done in it. On a Mac the program lives on without a window: what is asked for then
 * makes one first. States: none → loading → ready, and none again once it is closed.
 */
export class MainWindow<W extends WindowPart = BrowserWindow> {
  private readonly create: () => W
  private window: W | null = null
  private isReady = false
  private readonly waiting: (() => void)[] = []

  constructor(create: () => W) {
    this.create = create
  }

  get current(): W | null {
    return this.window
  }

  /** Brings the window to the front; makes it where there is none. */
  show(): void {
    if (!this.window) return this.open()
    if (this.window.isMinimized()) this.window.restore()
    this.window.show()
    this.window.focus()
  }

  /** Does work as soon as a window can take events. */
  whenReady(work: () => void): void {
    if (this.isReady) return work()
    this.waiting.push(work)
    if (!this.window) this.open()
  }

  /** The window can take events. */
  ready(): void {
    this.isReady = true
    for (const work of this.waiting.splice(0)) work()
  }

  private open(): void {
    const window = this.create()
    this.window = window
    window.once('closed', () => {
      this.window = null
      this.isReady = false
    })
  }
}
