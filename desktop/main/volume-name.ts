/** A volume's name without its endings: `a.mrc.gz` and `a.ome.zarr` as `a`. */
export function volumeBaseName(volumeName: string): string {
  return volumeName.replace(/\.(gz|bz2)$/i, '').replace(/(\.ome\.zarr|\.[a-z0-9]+)$/i, '')
}
