import { writeFile } from 'node:fs/promises'
import { parseColor } from '../../../shared/mask/label-colors.ts'
import { encodePng } from '../../../shared/node/pictures/png.ts'
import { drawSlice, robustWindow } from '../../../shared/node/pictures/slice-picture.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import { toFloat32 } from '../../../shared/volume/voxel-values.ts'
import { labelsOfModel } from '../compare-masks.ts'

/** Writes a PNG of the middle slice of a tomogram, in grey and with its mask over it in the colours of a model. */
export async function writeSlicePicture(
  tomogram: string,
  mask: string,
  modelFolder: string,
  out: string,
): Promise<void> {
  const [image, labels] = [await openVolumeFile(tomogram), await openVolumeFile(mask)]
  try {
    const { shapeZyx, dtype, scaling } = image.header
    const z = Math.floor(shapeZyx[0] / 2)
    const values = toFloat32(await image.readSlab(z, 1), dtype, scaling)
    const plane = (await labels.readSlab(z, 1)) as Uint8Array
    const colors = new Map(
      (await labelsOfModel(modelFolder))
        .filter((label) => label.value !== 0)
        .map((label) => [label.value, parseColor(label.color)]),
    )
    const { rgb, width, height } = drawSlice({
      values,
      labels: plane,
      sizeYx: [shapeZyx[1], shapeZyx[2]],
      window: robustWindow(values),
      colors,
    })
    await writeFile(out, encodePng(rgb, width, height))
  } finally {
    await image.close()
    await labels.close()
  }
}
