const REPLACEMENTS: readonly [RegExp, string][] = [
  // What is named a secret, in headers, addresses, JSON and settings.
  [
    /\b(authorization|bearer|token|secret|password|api[_-]?key)(["']?\s*[:=]\s*["']?|\s+)(bearer\s+)?[^\s"',;&)]+/gi,
    '$1$2<secret>',
  ],
  // User name and password of an address.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1<secret>@'],
  // Access tokens of CryoMamba, and JSON web tokens.
  [/\bcm_[\w-]{8,}/g, '<secret>'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '<secret>'],
  // Windows paths, then file addresses and absolute paths of at least two parts; an address of a server keeps its host.
  [/\b[A-Za-z]:[\\/][^\n"'<>|]*?(?=["'<>|\n)]|:\d|$)/g, '<path>'],
  [/\bfile:\/\/\S+/g, '<path>'],
  [/(?<![\w:/.])\/(?:[^\s/"':()]+(?: [^\s/"':()]+)*\/)+[^\n"':()]*?(?=["':()\n]|\s-|\s[a-z]+\b(?!\.)|$)/g, '<path>'],
  [/(?<![\w/])~\/[^\s"':()]+/g, '<path>'],
  // Long runs of letters and digits: keys and hashes.
  [/\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9_-]{32,}\b/g, '<secret>'],
]

/**
 * A text without what must not leave the computer: the given secrets, what looks like one, and paths of files.
 * It takes too much rather than too little.
 *
 * @param secrets taken out wherever they stand, as they are and as they are written in an address
 */
export function withoutSecrets(text: string, secrets: readonly string[] = []): string {
  const known = secrets.filter((one) => one.length >= 4).flatMap((one) => [one, encodeURIComponent(one)])
  const plain = known.reduce((left, secret) => left.replaceAll(secret, '<secret>'), text)
  return REPLACEMENTS.reduce((left, [pattern, instead]) => left.replace(pattern, instead), plain)
}
