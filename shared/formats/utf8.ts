/** A text as UTF-8. Where there is neither Node nor a page there is no `TextEncoder`. */
export function utf8(text: string): Uint8Array {
  const escaped = encodeURIComponent(text)
  const out = new Uint8Array(escaped.length)
  let size = 0
  for (let at = 0; at < escaped.length; at++) {
    const isEscape = escaped[at] === '%'
    out[size++] = isEscape ? Number.parseInt(escaped.slice(at + 1, at + 3), 16) : escaped.charCodeAt(at)
    if (isEscape) at += 2
  }
  return out.subarray(0, size)
}
