/** A progress bar; without a share it shows that something goes on. */
export function Meter({ label, share }: { label: string; share: number | null }) {
  return share === null ? (
    <progress className="meter" aria-label={label} />
  ) : (
    <progress className="meter" aria-label={label} max={1} value={Math.min(1, Math.max(0, share))} />
  )
}
