import { type PointerEvent, useRef } from 'react'
import type { RegionOfInterest } from '../../../../shared/contract/jobs.ts'
import { useFacts } from '../../session/use-session.ts'
import { borderNear, roiMoved, roiWithEnd } from '../../state/region.ts'
import { type AxisLine, placeAlong, type SlicePicture } from '../../viewer/slice-picture.ts'
import { regionBox, regionHandles } from './region-handles.ts'

/** What is dragged: some ends of the region, or (none) all of it. */
interface Drag {
  ends: readonly (readonly [AxisLine, 0 | 1])[]
  roi: RegionOfInterest
  x: number
  y: number
}

/** The region of the next run over the slices; its borders and corners resize it, its name moves it. */
export function RegionMarks() {
  const slices = useFacts((state) => state.slices)
  const roi = useFacts((state) => state.choices.roiZyx)
  const crosshair = useFacts((state) => state.crosshairXyz)
  const shape = useFacts((state) => state.volume?.shape_zyx ?? null)
  const change = useFacts((state) => state.choicesChanged)
  const picture = useRef<SVGSVGElement>(null)
  const drag = useRef<Drag | null>(null)
  if (!roi || !shape || !crosshair) return null

  const at = (event: PointerEvent) => {
    const box = picture.current?.getBoundingClientRect()
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) }
  }
  const grip = (slice: SlicePicture, ends: Drag['ends']) => ({
    onPointerDown: (event: PointerEvent<SVGElement>) => {
      if (event.button !== 0) return
      event.currentTarget.setPointerCapture(event.pointerId)
      drag.current = { ends, roi, ...at(event) }
    },
    onPointerMove: (event: PointerEvent) => {
      if (drag.current) change({ roiZyx: dragged(slice, drag.current, at(event), shape) })
    },
    onPointerUp: () => {
      drag.current = null
    },
    onPointerCancel: () => {
      drag.current = null
    },
  })
  return (
    <svg ref={picture} className="region-marks" aria-hidden="true">
      {slices.map((slice) => {
        const box = regionBox(slice, roi)
        const [from, to] = roi[2 - slice.acrossAxis]
        const isHere = crosshair[slice.acrossAxis] >= from && crosshair[slice.acrossAxis] < to
        return (
          <svg
            key={slice.kind}
            aria-hidden="true"
            x={slice.left}
            y={slice.top}
            width={slice.width}
            height={slice.height}
          >
            <g transform={`translate(${-slice.left} ${-slice.top})`} className={isHere ? undefined : 'is-elsewhere'}>
              <rect data-testid={`region-${slice.kind}`} className="region-box" {...box} />
              {regionHandles(slice, box).map(({ name, ends, x, y, cursor }) => (
                <rect
                  key={name}
                  data-testid={`region-${slice.kind}-${name}`}
                  className="region-handle"
                  style={{ cursor }}
                  {...{ x: x - 5, y: y - 5, width: 10, height: 10 }}
                  {...grip(slice, ends)}
                />
              ))}
              <g className="region-name" data-testid={`region-${slice.kind}-move`} {...grip(slice, [])}>
                <rect x={box.x + 8} y={box.y + 8} width={52} height={18} rx={4} />
                <text x={box.x + 34} y={box.y + 21} textAnchor="middle">
                  Region
                </text>
              </g>
            </g>
          </svg>
        )
      })}
    </svg>
  )
}

function dragged(
  { columns, rows }: SlicePicture,
  { ends, roi, x, y }: Drag,
  to: { x: number; y: number },
  shape: readonly number[],
): RegionOfInterest {
  if (ends.length === 0) {
    const by: [number, number, number] = [0, 0, 0]
    by[columns.fileAxis] = (to.x - x) / columns.pxPerVoxel
    by[rows.fileAxis] = (to.y - y) / rows.pxPerVoxel
    return roiMoved(roi, by, shape)
  }
  return ends.reduce((next, [line, end]) => {
    const value = borderNear(placeAlong(line, line === columns ? to.x : to.y))
    return roiWithEnd(next, { axis: 2 - line.fileAxis, end, value }, shape)
  }, roi)
}
