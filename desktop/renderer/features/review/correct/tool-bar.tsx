import { useFacts, useSession } from '../../../session/use-session.ts'
import type { Tool } from '../../../state/mask-slice.ts'
import { Icon, type IconName } from '../../../ui/icon.tsx'
import { useMaskKeys } from './use-mask-keys.ts'

const TOOLS: readonly [Tool, string, string, IconName][] = [
  ['look', 'Look', 'Move the crosshair (V)', 'look'],
  ['brush', 'Brush', 'Draw a disc in the slice (B)', 'brush'],
  ['ball', 'Ball', 'Draw a ball through the slices (N)', 'ball'],
  ['eraser', 'Eraser', 'Erase in the slice (E)', 'eraser'],
  ['fill', 'Fill', 'Fill what is connected in the slice (F)', 'fill'],
  ['lasso', 'Lasso', 'Draw around what is meant (L)', 'lasso'],
  ['grow', 'Grow', 'Grow from a voxel within a range of values (G)', 'grow'],
  ['delete', 'Delete object', 'Delete the object under the pointer (X)', 'trash'],
  ['merge', 'Merge object', 'Give the object under the pointer to the chosen label (M)', 'merge'],
]

/** The tools of correcting, over the picture. */
export function ToolBar() {
  const mask = useFacts((state) => state.mask)
  const tool = useFacts((state) => state.tool)
  const choose = useFacts((state) => state.toolChosen)
  useMaskKeys(useSession())
  if (!mask) return null
  return (
    <div className="tool-bar" role="toolbar" aria-label="Tools" aria-orientation="vertical">
      {TOOLS.map(([value, name, title, icon]) => (
        <button
          key={value}
          type="button"
          className="quiet"
          title={title}
          aria-label={name}
          aria-pressed={tool === value}
          onClick={() => choose(value)}
        >
          <Icon name={icon} />
        </button>
      ))}
    </div>
  )
}
