const PATHS = {
  open: 'M3 6.5h5l1.5 2H17v7.5H3zM3 6.5V5h4.5',
  moon: 'M15.5 12.2A6 6 0 0 1 7.8 4.5a6 6 0 1 0 7.7 7.7z',
  sun: 'M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.4 1.4M14.3 14.3l1.4 1.4M4.3 15.7l1.4-1.4M14.3 5.7l1.4-1.4',
  close: 'M5 5l10 10M15 5L5 15',
  eye: 'M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM10 7.7a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6z',
  eyeOff:
    'M3 3l14 14M4.5 6.6C2.9 8.1 2 10 2 10s3 5 8 5c1.3 0 2.5-.3 3.5-.8M7.5 5.4A8.500 8.500 0 0 1 10 5c5 0 8 5 8 5s-.7 1.2-2 2.500',
  panes: 'M3 3h14v14H3zM10 3v14M3 10h14',
  reset: 'M4 10a6 6 0 1 0 2-4.500M4 3.500V6.500h3',
} as const

/** A line icon; decoration only, so the control around it carries the label. */
export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
