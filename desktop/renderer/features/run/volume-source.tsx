import { useFacts } from '../../session/use-session.ts'

/** What is sent of a volume that servers do not take as it is. */
export function ConvertedLine() {
  const isConverted = useFacts((state) => state.volume?.format === 'ome-zarr')
  const isLocal = useFacts((state) => state.connection?.kind === 'local')
  if (!isConverted) return null
  return (
    <p className="faint" data-testid="converted">
      The finest level is {isLocal ? 'handed over' : 'sent'} as MRC, made on the way: no copy is left here.
    </p>
  )
}

/** Whether the file is sent, or the server reads it where it lies; offered where the server can. */
export function VolumeSource() {
  const canRead = useFacts((state) => state.connection?.info.capabilities.includes('volume_from_path') ?? false)
  const path = useFacts((state) => state.serverPath)
  const name = useFacts((state) => state.volume?.name ?? null)
  const change = useFacts((state) => state.serverPathChanged)
  if (!canRead) return null
  return (
    <details className="fold">
      <summary>The file lies on the server</summary>
      <label>
        <span className="field-name">Path there</span>
        <input
          value={path ?? ''}
          placeholder="/data/tomograms/name.mrc"
          spellCheck={false}
          onChange={(event) => change(event.currentTarget.value === '' ? null : event.currentTarget.value)}
        />
      </label>
      <p className="faint">
        {path === null
          ? 'Without a path the open file is sent.'
          : name === null
            ? 'Nothing is sent; the mask can be exported when it is done.'
            : `Nothing is sent; it must be the same volume as ${name}.`}
      </p>
    </details>
  )
}
