import type { OpenedVolume } from '../../../../shared/contract/bridge.ts'
import { isAsStored } from '../../../../shared/volume/display-orientation.ts'
import { reverseTriple } from '../../../../shared/volume/zyx.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import type { LevelFacts } from '../../state/volume-slice.ts'
import { Facts } from '../../ui/facts.tsx'
import { formatBytes } from '../../ui/format.ts'
import { Panel } from '../../ui/panel.tsx'
import { formatVoxelSize } from '../../ui/voxel-size.ts'
import { HeaderList } from './header-list.tsx'
import { SignSwitch } from './sign-switch.tsx'
import { VoxelSizeField } from './voxel-size-field.tsx'

const FORMAT_NAMES: Readonly<Record<OpenedVolume['format'], string>> = {
  mrc: 'MRC',
  nifti: 'NIfTI',
  nrrd: 'NRRD',
  'ome-zarr': 'OME-Zarr',
}

/** What is in the graphics memory; slices may show more. */
function shownText({ bin, is_sampled }: LevelFacts): string {
  if (is_sampled) return `level 1/${bin}, sampled until the file was read`
  return bin === 1 ? 'every voxel' : `level 1/${bin}, slices at full resolution`
}

/** `+k −i +j`: which axis of the file runs to the right, to the front and up; null as stored. */
function axesText(orientation: LevelFacts['orientation']): string | null {
  if (isAsStored(orientation)) return null
  const { fileAxisXyz, isFlippedXyz } = orientation
  return fileAxisXyz.map((axis, display) => `${isFlippedXyz[display] ? '−' : '+'}${'ijk'[axis]}`).join(' ')
}

/** What the file says about itself. */
export function VolumePanel() {
  const { beside } = useSession()
  const volume = useFacts((state) => state.volume)
  const shown = useFacts((state) => (state.level ? shownText(state.level) : null))
  const turned = useFacts((state) => (state.level ? axesText(state.level.orientation) : null))
  if (!volume) return null
  return (
    <Panel title="Volume">
      <Facts
        facts={[
          { name: 'Shape', value: reverseTriple(volume.shape_zyx).join(' × '), title: 'Voxels along x, y, z' },
          { name: 'Voxel size', value: formatVoxelSize(volume) },
          { name: 'Type', value: `${FORMAT_NAMES[volume.format]}, ${volume.dtype}` },
          { name: 'File size', value: formatBytes(volume.size_bytes) },
          ...(turned ? [{ name: 'Axes', value: turned, title: 'File axes along right, anterior, superior' }] : []),
          ...(shown ? [{ name: 'Shown', value: shown }] : []),
        ]}
      />
      <button
        type="button"
        className="wide"
        title="Another volume at the same place, only to look at"
        onClick={() => void beside.choose()}
      >
        Open another beside…
      </button>
      <VoxelSizeField key={volume.volume_ref} volume={volume} />
      <SignSwitch volume={volume} />
      <HeaderList key={`header-${volume.volume_ref}`} volume={volume} />
      {volume.warnings.length > 0 ? (
        <ul className="warnings">
          {volume.warnings.map((warning) => (
            <li key={warning.code}>{warning.message}</li>
          ))}
        </ul>
      ) : null}
    </Panel>
  )
}
