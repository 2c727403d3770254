/** Longest text of a stranger that a message repeats. */
const MOST_CHARACTERS = 200

/**
 * Text of a file as a message may repeat it: control characters and what turns the direction of writing as escapes, so that it
 * does nothing to a terminal, and cut where it is long.
 */
export function shownText(text: string, most = MOST_CHARACTERS): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text
  return cut.replaceAll(HIDDEN, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const HIDDEN = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu
