import { expect, it, vi } from 'vitest'

vi.mock('electron', () => ({ nativeTheme: { on: () => undefined } }))
const { zoomBeside } = await import('./preferences.ts')

it('steps through the sizes, also from one between them, and stays at the ends', () => {
  expect(zoomBeside(1, 1)).toBe(1.1)
  expect(zoomBeside(1, -1)).toBe(0.9)
  expect(zoomBeside(1.3, 1)).toBe(1.5)
  expect(zoomBeside(2, 1)).toBe(2)
  expect(zoomBeside(0.7, -1)).toBe(0.7)
})
