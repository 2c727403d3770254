/**
 * Orders versions as semver does, and every other text in a fixed way: numbers by value, `1.0.0-rc.1` before `1.0.0`,
 * what follows `+` only between versions that are equal otherwise.
 * @returns below 0 where `a` is older than `b`, above 0 where it is newer, 0 for the same text only
 * @see semver.org 2.0.0, section 11
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)]
  return (
    compareLists(left.core, right.core, 0) ||
    Number(left.pre === null) - Number(right.pre === null) ||
    compareLists(left.pre ?? [], right.pre ?? [], -1) ||
    compareTexts(left.build, right.build) ||
    compareTexts(a, b)
  )
}

function partsOf(version: string): { core: string[]; pre: string[] | null; build: string } {
  const [rest, ...build] = version.split('+')
  const dash = rest.indexOf('-')
  const core = dash < 0 ? rest : rest.slice(0, dash)
  return { core: core.split('.'), pre: dash < 0 ? null : rest.slice(dash + 1).split('.'), build: build.join('+') }
}

/** @param missing what an absent item is beside `0`: 0 the same (1.2 is 1.2.0), -1 older (`rc` before `rc.1`) */
function compareLists(a: readonly string[], b: readonly string[], missing: 0 | -1): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (missing === -1 && (a[i] === undefined || b[i] === undefined)) return a.length - b.length
    const order = compareItems(a[i] ?? '0', b[i] ?? '0')
    if (order !== 0) return order
  }
  return 0
}

function compareItems(a: string, b: string): number {
  const [isNumberA, isNumberB] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (isNumberA && isNumberB) return Number(BigInt(a) > BigInt(b)) - Number(BigInt(a) < BigInt(b))
  return Number(isNumberB) - Number(isNumberA) || compareTexts(a, b)
}

/** By code units: the same on every computer. */
function compareTexts(a: string, b: string): number {
  return Number(a > b) - Number(a < b)
}
