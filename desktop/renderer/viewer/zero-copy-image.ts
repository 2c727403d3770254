import { NVImage } from '@niivue/niivue'
import { reverseTriple, type Zyx } from '../../../shared/volume/zyx.ts'

const DT_UINT8 = 2
type Init = (...positional: unknown[]) => void

/**
 * NiiVue's image over our voxels, without a copy and without NiiVue's scan for minimum and maximum.
 * The window is not baked in: codes 0 … 255 stay what they are, and the shader applies the window.
 *
 * @param voxels   z, y, x order; must be the only view of its buffer. Owned by the image from now on.
 * @param pixelXyz Relative size of a voxel; near 1, because NiiVue shows nothing for very small numbers.
 */
export function zeroCopyImage(
  voxels: Uint8Array<ArrayBuffer>,
  shapeZyx: Zyx,
  pixelXyz: [number, number, number],
): NVImage {
  const image = new NVImage()
  const [px, py, pz] = pixelXyz
  const affine = [px, 0, 0, 0, 0, py, 0, 0, 0, 0, pz, 0, 0, 0, 0, 1]
  image.hdr = NVImage.createNiftiHeader(reverseTriple(shapeZyx), pixelXyz, affine, DT_UINT8)
  image.calMinMax = () => {
    image.cal_min = image.robust_min = image.global_min = 0
    image.cal_max = image.robust_max = image.global_max = 255
    return [0, 255, 0, 255]
  }
  // `init` takes 20 positional parameters and is typed as if it always read a file.
  const init = image.init as unknown as Init
  const { buffer } = voxels
  init.call(
    image,
    buffer,
    'level',
    'gray',
    1,
    null,
    0,
    255,
    true,
    0.02,
    false,
    false,
    '',
    0,
    undefined,
    Number.NaN,
    Number.NaN,
    true,
    null,
    0,
    buffer,
  )
  return image
}
