import type { ModelManifest } from '../../shared/contract/model-package.ts'
import {
  ComponentFinder,
  filterPlane,
  type KeepComponent,
  keepLargest,
  removeSmallerThan,
} from '../../shared/mask/components.ts'
import type { LabelFile } from './label-file.ts'

/** True where a model asks for objects to be removed. */
export function asksForFilter({ postprocess }: ModelManifest): boolean {
  return postprocess.keep_largest.length > 0 || postprocess.smallest_object_voxels > 0
}

/**
 * Copies a label map without the objects that the model asks to remove: all but the largest of some labels, and all
 * below a size. Objects touch by faces, edges or corners (26 neighbours). Three passes over the file, two planes held.
 */
export async function filterObjects(labels: LabelFile, into: LabelFile, manifest: ModelManifest): Promise<void> {
  const [sizeZ, sizeY, sizeX] = labels.shapeZyx
  const readPlane = (z: number) => labels.readBox([z, 0, 0], [1, sizeY, sizeX])
  const finder = new ComponentFinder(labels.shapeZyx)
  for (let z = 0; z < sizeZ; z++) finder.add(await readPlane(z))
  const components = finder.components()
  const { keep_largest: largest, smallest_object_voxels: smallest } = manifest.postprocess
  const rules: KeepComponent[] = []
  if (largest.length > 0) rules.push(keepLargest(components, largest))
  if (smallest > 0) rules.push(removeSmallerThan(components, smallest))
  const ids = finder.secondPass()
  for (let z = 0; z < sizeZ; z++) {
    const plane = await readPlane(z)
    filterPlane(plane, ids.next(plane), (id) => rules.every((keeps) => keeps(id)))
    await into.append(plane)
  }
}
