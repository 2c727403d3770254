/** What is read of a wheel's event. */
export type WheelTurn = Pick<WheelEvent, 'deltaX' | 'deltaY' | 'deltaMode' | 'timeStamp'>

// What one click of a usual wheel gives, at least, by the unit of the event: pixels, lines, pages.
const PER_NOTCH = [100, 3, 1] as const
// Longer than between two clicks of a wheel that is being turned.
const PAUSE_MS = 250

/** How far a wheel was turned, in clicks of a usual one, down or to the right positive; a trackpad gives parts of them. */
export function notchesOf({ deltaX, deltaY, deltaMode }: Omit<WheelTurn, 'timeStamp'>): number {
  // With Shift some systems turn the wheel sideways.
  const notches = (deltaY || deltaX) / PER_NOTCH[deltaMode as 0 | 1 | 2]
  // One click is one, though systems scroll a little further for it.
  return Math.abs(notches) < 1 ? notches : Math.round(notches)
}

/** The factor that one event zooms by: a full step for each click; a pinch as far as it goes, at most a step. */
export function zoomFactor(notches: number, step: number): number {
  return Math.abs(notches) < 1 ? Math.min(step, Math.max(1 / step, Math.exp(-notches))) : step ** -notches
}

/**
 * Makes steps of what a wheel or a trackpad tells in parts. A turn begins with a step; the next ones come as far as it is
 * turned.
 */
export class WheelTurns {
  private rest = 0
  private lastMs = Number.NEGATIVE_INFINITY

  /** @param speed steps for each click. @returns whole steps, down or to the right positive */
  take(turn: WheelTurn, speed: number): number {
    const notches = notchesOf(turn)
    if (notches === 0) return 0
    const isNew = turn.timeStamp - this.lastMs > PAUSE_MS || notches * this.rest < 0
    this.lastMs = turn.timeStamp
    const wanted = notches * speed + (isNew ? 0 : this.rest)
    const steps = isNew ? Math.sign(wanted) * Math.max(1, Math.trunc(Math.abs(wanted))) : Math.trunc(wanted)
    this.rest = isNew ? 0 : wanted - steps
    return steps
  }
}
