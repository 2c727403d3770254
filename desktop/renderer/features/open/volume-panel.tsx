import type { OpenedVolume } from '../../../../shared/contract/bridge.ts'
import { reverseTriple } from '../../../../shared/volume/zyx.ts'
import { useFacts } from '../../session/use-session.ts'
import { Facts } from '../../ui/facts.tsx'
import { formatBytes } from '../../ui/format.ts'
import { Panel } from '../../ui/panel.tsx'
import { formatVoxelSize } from '../../ui/voxel-size.ts'
import { SignSwitch } from './sign-switch.tsx'

const FORMAT_NAMES: Readonly<Record<OpenedVolume['format'], string>> = { mrc: 'MRC', nifti: 'NIfTI', nrrd: 'NRRD' }

/** What the file says about itself. */
export function VolumePanel() {
  const volume = useFacts((state) => state.volume)
  const bin = useFacts((state) => state.level?.bin ?? 1)
  if (!volume) return null
  return (
    <Panel title="Volume">
      <Facts
        facts={[
          { name: 'Shape', value: reverseTriple(volume.shape_zyx).join(' × '), title: 'Voxels along x, y, z' },
          { name: 'Voxel size', value: formatVoxelSize(volume) },
          { name: 'Type', value: `${FORMAT_NAMES[volume.format]}, ${volume.dtype}` },
          { name: 'File size', value: formatBytes(volume.size_bytes) },
          ...(bin > 1 ? [{ name: 'Shown', value: `every ${bin}³ voxels averaged` }] : []),
        ]}
      />
      <SignSwitch volume={volume} />
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
