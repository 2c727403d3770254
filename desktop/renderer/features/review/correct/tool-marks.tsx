import { useEffect, useState } from 'react'
import { NO_MARK, type ToolMark } from '../../../session/pointer-tools.ts'
import { useFacts, useSession } from '../../../session/use-session.ts'

/** The outline of the brush under the pointer, and the lasso as it is drawn. Decoration over the picture. */
export function ToolMarks() {
  const { masks } = useSession()
  const isActive = useFacts((state) => state.mask !== null && state.tool !== 'look')
  const [mark, setMark] = useState<ToolMark>(NO_MARK)
  useEffect(() => {
    masks.onMark = setMark
    return () => {
      masks.onMark = () => undefined
    }
  }, [masks])
  if (!isActive) return null
  return (
    <svg className="tool-marks" aria-hidden="true">
      {mark.brush ? (
        <ellipse cx={mark.brush.x} cy={mark.brush.y} rx={mark.brush.radiusX} ry={mark.brush.radiusY} />
      ) : null}
      {mark.lasso.length > 1 ? <polygon points={mark.lasso.map((point) => point.join(',')).join(' ')} /> : null}
    </svg>
  )
}
