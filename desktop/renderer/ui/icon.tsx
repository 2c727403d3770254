const PATHS = {
  open: 'M3 6.5h5l1.5 2H17v7.5H3zM3 6.5V5h4.5',
  moon: 'M15.5 12.2A6 6 0 0 1 7.8 4.5a6 6 0 1 0 7.7 7.7z',
  sun: 'M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.4 1.4M14.3 14.3l1.4 1.4M4.3 15.7l1.4-1.4M14.3 5.7l1.4-1.4',
  camera: 'M3 6.5h3.5L8 4.5h4l1.5 2H17v9.5H3zM10 8.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z',
  film: 'M3 4h14v12H3zM6.5 4v12M13.5 4v12M3 8h3.5M3 12h3.5M13.5 8H17M13.5 12H17',
  close: 'M5 5l10 10M15 5L5 15',
  eye: 'M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM10 7.7a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6z',
  eyeOff:
    'M3 3l14 14M4.5 6.6C2.9 8.1 2 10 2 10s3 5 8 5c1.3 0 2.5-.3 3.5-.8M7.5 5.4A8.5 8.5 0 0 1 10 5c5 0 8 5 8 5s-.7 1.2-2 2.5',
  panes: 'M3 3h14v14H3zM10 3v14M3 10h14',
  reset: 'M4 10a6 6 0 1 0 2-4.5M4 3.5V6.5h3',
  locked: 'M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9',
  unlocked: 'M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 5.8-1',
  look: 'M10 2v5M10 13v5M2 10h5M13 10h5',
  brush: 'M16.5 3.5c-3 1-7 5-8 7.5l1.5 1.5c2.5-1 6.5-5 7.5-8zM8 11.5c-2.5 0-2 3-5 4.5 3 1.5 6 .500 6.5-3',
  ball: 'M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM3 10c2 2.5 12 2.5 14 0',
  eraser: 'M8 16h8M3.5 12.5l8-8 5 5-6.5 6.5H7z',
  fill: 'M4 9l6-6 7 7-6 6zM4 9h12M3 14c-1.5 2-1 3 0 3s1.5-1 0-3z',
  lasso: 'M10 4c4 0 7 1.8 7 4.2S14 12.5 10 12.5 3 10.6 3 8.2 6 4 10 4zM6 12c-1.5 1.5-1 4 1 5',
  grow: 'M10 8.5v3M8.5 10h3M10 4V2M10 18v-2M4 10H2M18 10h-2M5.8 5.8L4.3 4.3M15.7 15.7l-1.5-1.5M5.8 14.2l-1.5 1.5M15.7 4.3l-1.5 1.5',
  trash: 'M4 6h12M8 6V4h4v2M5.5 6l1 11h7l1-11',
  merge: 'M4 4c0 5 6 4 6 9v4M16 4c0 5-6 4-6 9M7.5 14.5L10 17l2.5-2.5',
} as const
export type IconName = keyof typeof PATHS

/** A line icon; decoration only, so the control around it carries the label. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
