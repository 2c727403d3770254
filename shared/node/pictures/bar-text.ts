/** Letters of 5 × 7 pixels that a scale bar needs; one number a row, the leftmost pixel is 16. */
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
  '0': [14, 17, 19, 21, 25, 17, 14],
  '1': [4, 12, 4, 4, 4, 4, 14],
  '2': [14, 17, 1, 2, 4, 8, 31],
  '5': [31, 16, 30, 1, 1, 17, 14],
  '.': [0, 0, 0, 0, 0, 12, 12],
  ' ': [0, 0, 0, 0, 0, 0, 0],
  n: [0, 0, 22, 25, 17, 17, 17],
  m: [0, 0, 26, 21, 21, 21, 21],
  µ: [0, 17, 17, 19, 29, 16, 16],
  Å: [4, 10, 4, 14, 17, 31, 17],
}

/**
 * Draws a bar and its length into the lower left corner of a picture of palette indices, white on a black box.
 * @param pixels rows from the top; changed in place
 */
export function drawBar(
  pixels: Uint8Array,
  [width, height]: readonly [number, number],
  bar: { pixels: number; text: string },
  [black, white]: readonly [number, number],
): void {
  const scale = Math.max(1, Math.round(Math.max(width, height) / 350))
  const length = Math.round(bar.pixels)
  const text = [...bar.text]
  const [left, bottom] = [4 * scale, height - 4 * scale]
  const fill = (x0: number, y0: number, sizeX: number, sizeY: number, value: number) => {
    for (let y = Math.max(0, y0); y < Math.min(height, y0 + sizeY); y++)
      for (let x = Math.max(0, x0); x < Math.min(width, x0 + sizeX); x++) pixels[y * width + x] = value
  }
  fill(left - 2 * scale, bottom - 14 * scale, Math.max(length, text.length * 6 * scale) + 4 * scale, 16 * scale, black)
  fill(left, bottom - 3 * scale, length, 3 * scale, white)
  for (const [index, letter] of text.entries())
    for (const [row, bits] of (GLYPHS[letter] ?? GLYPHS[' ']).entries())
      for (let column = 0; column < 5; column++)
        if (bits & (16 >> column))
          fill(left + (index * 6 + column) * scale, bottom - (12 - row) * scale, scale, scale, white)
}
