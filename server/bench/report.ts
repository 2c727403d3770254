import os from 'node:os'

/** One line of a benchmark: our number, what it is held against, and the ratio. */
export interface BenchRow {
  name: string
  value: number
  unit: string
  against: string | null
  against_value: number | null
  ratio: number | null
}

/** Prints a table and, with `asJson`, the same as one JSON object in the last line. */
export function printReport(suite: string, rows: BenchRow[], asJson: boolean): void {
  const machine = `${os.cpus()[0]?.model ?? 'unknown'}, ${os.availableParallelism()} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`
  console.log(`${suite} on ${machine}, load ${os.loadavg()[0].toFixed(1)}`)
  for (const { name, value, unit, against, against_value: limit, ratio } of rows) {
    const held =
      against === null || limit === null ? '' : `  against ${against} ${show(limit)}  ratio ${ratio?.toFixed(3)}`
    console.log(`  ${name.padEnd(58)} ${show(value).padStart(9)} ${unit.padEnd(4)}${held}`)
  }
  if (asJson) console.log(JSON.stringify({ suite, machine, rows }))
}

function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(4)
}

/** Middle value; the mean of the two middle ones for an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
