/**
 * round(255 · sigmoid(logit)), without an exponential for nearly all: the 255 logits where it changes are known, and at most
 * one of them lies in each of the steps that a table has.
 * @param logit finite, or infinite
 */
export function sigmoid255(logit: number): number {
  const fromLeast = logit + REACH
  if (fromLeast < 0) return 0
  if (fromLeast >= 2 * REACH) return 255
  const step = Math.floor(fromLeast * STEPS_PER_UNIT)
  const change = CHANGES[step]
  if (Math.abs(logit - change) < NEAR) return byDefinition(logit)
  return logit < change ? GRADES[step] : GRADES[step] + 1
}

/** Beyond this the grade is 0 or 255: ln(254.5 / 0.5) is 6.23. */
const REACH = 6.25
const STEPS_PER_UNIT = 128

/** As near as this to a change, rounding decides. */
const NEAR = 1e-9

const byDefinition = (logit: number) => Math.round(255 * (1 / (1 + Math.exp(-logit))))

/** Where the grade becomes k + 1, k from 0 to 254. */
const ALL_CHANGES = Array.from({ length: 255 }, (_, k) => -Math.log(255 / (k + 0.5) - 1))

/** By step: the grade at its start, and the change in it, or infinity. */
const [GRADES, CHANGES] = tables()

function tables(): [Uint8Array, Float64Array] {
  const numSteps = 2 * REACH * STEPS_PER_UNIT
  const grades = new Uint8Array(numSteps)
  const changes = new Float64Array(numSteps)
  for (let step = 0; step < numSteps; step++) {
    const start = step / STEPS_PER_UNIT - REACH
    const grade = ALL_CHANGES.filter((change) => change < start).length
    grades[step] = grade
    const next = ALL_CHANGES[grade] ?? Number.POSITIVE_INFINITY
    changes[step] = next < start + 1 / STEPS_PER_UNIT ? next : Number.POSITIVE_INFINITY
  }
  return [grades, changes]
}
