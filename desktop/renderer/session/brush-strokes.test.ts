import { expect, it } from 'vitest'
import type { MaskOperation } from '../../../shared/contract/mask-edit.ts'
import { createDesktopStore } from '../state/store.ts'
import type { SlicePoint } from '../viewer/drawing-pointer.ts'
import { BrushStrokes } from './brush-strokes.ts'
import { pointerTool } from './pointer-tools.ts'

/** A brush whose service answers when it is told to. */
function slowGround() {
  const store = createDesktopStore()
  const sent: Extract<MaskOperation, { kind: 'brush' }>[] = []
  const answers: (() => void)[] = []
  const strokes = new BrushStrokes((operation) => {
    sent.push(operation)
    return new Promise((resolve) => answers.push(resolve))
  })
  const ground = { store, strokes, apply: async () => undefined, mark: () => undefined }
  const toolOf = (name: 'brush' | 'eraser') => {
    const tool = pointerTool(name, ground)
    if (!tool) throw new Error('no tool')
    return tool
  }
  const answer = async () => {
    answers.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { store, strokes, sent, answer, toolOf, brush: toolOf('brush') }
}

const at = (x: number): SlicePoint => ({ pointXyz: [x, 0, 0], axis: 'z', x: 0, y: 0, pixelsPerVoxel: [1, 1] })

it('keeps each of three quick dots while the first is still being painted', async () => {
  const { brush, sent, answer } = slowGround()
  for (const x of [1, 2, 3]) {
    brush.start(at(x))
    brush.end()
  }
  for (let i = 0; i < 3; i++) await answer()
  expect(sent.map(({ path_xyz }) => path_xyz)).toEqual([[[1, 0, 0]], [[2, 0, 0]], [[3, 0, 0]]])
  expect(new Set(sent.map(({ stroke }) => stroke)).size).toBe(3)
})

it('paints the rest of a stroke as it began, whatever label, size and rule are chosen meanwhile', async () => {
  const { store, brush, sent, answer } = slowGround()
  brush.start(at(1))
  brush.move(at(2))
  brush.end()
  store.getState().activeLabelChosen(2)
  store.getState().brushSized(31)
  store.getState().paintOverChosen('background')
  await answer()
  expect(sent[1]).toEqual({
    ...sent[0],
    path_xyz: [
      [1, 0, 0],
      [2, 0, 0],
    ],
  })
  expect(sent[0]).toMatchObject({ label: 1, radius_vox: 4.5, over: 'any' })
})

it('erases after the stroke that was drawn before, though another tool is in hand', async () => {
  const { toolOf, brush, sent, answer } = slowGround()
  brush.start(at(1))
  brush.move(at(2))
  brush.end()
  const eraser = toolOf('eraser')
  eraser.start(at(3))
  for (let i = 0; i < 3; i++) await answer()
  expect(sent.map(({ label, path_xyz }) => [label, path_xyz.at(-1)?.[0]])).toEqual([
    [1, 1],
    [1, 2],
    [0, 3],
  ])
})

it('begins no stroke where the tool is changed while the button is held', async () => {
  const { toolOf, strokes, sent } = slowGround()
  toolOf('eraser').move(at(5))
  await strokes.sent()
  expect(sent).toEqual([])
})

it('says that all is sent only once the last part is answered, and forgets what a closed mask had waiting', async () => {
  const { strokes, brush, sent, answer } = slowGround()
  brush.start(at(1))
  brush.move(at(2))
  let isSent = false
  void strokes.sent().then(() => {
    isSent = true
  })
  await answer()
  expect(isSent).toBe(false)
  brush.move(at(3))
  strokes.forget()
  brush.move(at(4))
  await answer()
  expect(isSent).toBe(true)
  expect(sent).toHaveLength(2)
})
