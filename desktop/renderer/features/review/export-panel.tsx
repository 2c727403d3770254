import type { BridgeInput, MaskFormat } from '../../../../shared/contract/bridge.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import { Panel } from '../../ui/panel.tsx'

const FORMATS: readonly [MaskFormat, string, string][] = [
  ['mrc', 'MRC', 'For IMOD, ChimeraX, napari'],
  ['nii.gz', 'NIfTI', 'For ITK-SNAP, 3D Slicer, FSL (.nii.gz)'],
  ['nrrd', 'NRRD', 'For 3D Slicer, ITK-SNAP'],
]

/** Saves the finished mask on the grid of the volume. */
export function ExportPanel() {
  const session = useSession()
  const runRef = useFacts((state) => (state.run?.phase === 'completed' ? state.run.run_ref : null))
  const mask = useFacts((state) => state.mask)
  const exporting = useFacts((state) => state.exporting)
  const save = (format: MaskFormat) => {
    if (mask) void session.masks.save(format)
    else if (runRef) void session.exportMask(runRef, format)
  }
  if (!runRef && !mask) return null
  return (
    <Panel title="Export mask">
      <div className="row">
        {FORMATS.map(([format, name, title]) => (
          <button key={format} type="button" title={title} disabled={exporting !== null} onClick={() => save(format)}>
            {exporting === format ? 'Saving…' : `${name}…`}
          </button>
        ))}
      </div>
      {runRef ? (
        <button
          type="button"
          className="wide"
          title="The probability of the best foreground label, as the run kept it"
          disabled={exporting !== null}
          onClick={() => void session.exportProbability(runRef)}
        >
          {exporting === 'probability' ? 'Saving…' : 'Probability…'}
        </button>
      ) : null}
      {mask ? <LabelExport /> : null}
      <p className="faint">The mask has the volume's own grid: it overlays voxel for voxel.</p>
    </Panel>
  )
}

type Taken = Omit<BridgeInput<'mask.take'>, 'mask_ref' | 'labels'>

/** What can be made of the chosen label or of all. */
const TAKEN: readonly (Taken & { name: string; isOfLabel: boolean })[] = [
  { name: 'surface (STL)', kind: 'surface', ending: 'stl', isOfLabel: true },
  { name: 'surface (OBJ)', kind: 'surface', ending: 'obj', isOfLabel: true },
  { name: 'centres of objects (STAR)', kind: 'coordinates', ending: 'star', isOfLabel: true },
  { name: 'centres of objects (CSV)', kind: 'coordinates', ending: 'csv', isOfLabel: true },
  { name: 'surfaces (PLY)', kind: 'surface', ending: 'ply', isOfLabel: false },
  { name: 'statistics (CSV)', kind: 'statistics', ending: 'csv', isOfLabel: false },
  { name: 'report with pictures (HTML)', kind: 'report', ending: 'html', isOfLabel: false },
  { name: 'movie through the slices (GIF)', kind: 'movie', ending: 'gif', isOfLabel: false },
  { name: 'voxels (OME-Zarr)', kind: 'zarr', ending: 'ome.zarr', isOfLabel: false },
  { name: 'statistics (JSON)', kind: 'statistics', ending: 'json', isOfLabel: false },
]

/** The chosen label alone, cropped at its place in the world; surfaces, centres and measures. */
function LabelExport() {
  const { masks } = useSession()
  const label = useFacts((state) => state.mask?.labels.find((one) => one.value === state.activeLabel))
  const isExporting = useFacts((state) => state.exporting !== null)
  if (!label) return null
  const take = (index: number) => {
    const { kind, ending, isOfLabel } = TAKEN[index]
    void masks.take({ kind, ending, ...(isOfLabel ? { labels: [label.value] } : {}) })
  }
  return (
    <>
      <button
        type="button"
        className="wide"
        disabled={label.voxels === 0 || isExporting}
        onClick={() => void masks.save('mrc', { labels: [label.value], is_cropped: true })}
      >
        Only {label.name}, cropped (MRC)…
      </button>
      <select
        aria-label="More exports"
        value=""
        disabled={isExporting}
        onChange={(event) => take(Number(event.currentTarget.value))}
      >
        <option value="">More…</option>
        {TAKEN.map(({ name, isOfLabel }, index) => (
          <option key={name} value={index} disabled={isOfLabel && label.voxels === 0}>
            {isOfLabel ? `${label.name}: ${name}` : `All labels: ${name}`}
          </option>
        ))}
      </select>
    </>
  )
}
