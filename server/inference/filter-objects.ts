import {
  ComponentFinder,
  filterPlane,
  type KeepComponent,
  keepLargest,
  removeSmallerThan,
} from '../../shared/mask/components.ts'
import type { LabelFile } from './label-file.ts'

/** Which objects stay. */
export interface ObjectRules {
  /** Labels of which only the largest object stays. */
  keepLargest: readonly number[]
  /** Objects below this size go. */
  smallestVoxels: number
}

/** True where objects may have to go. */
export function asksForFilter({ keepLargest, smallestVoxels }: ObjectRules): boolean {
  return keepLargest.length > 0 || smallestVoxels > 0
}

/**
 * Copies a label map without the objects that are to go: all but the largest of some labels, and all below a size.
 * Objects touch by faces, edges or corners (26 neighbours). Three passes over the file, two planes held.
 */
export async function filterObjects(labels: LabelFile, into: LabelFile, asked: ObjectRules): Promise<void> {
  const [sizeZ, sizeY, sizeX] = labels.shapeZyx
  const readPlane = (z: number) => labels.readBox([z, 0, 0], [1, sizeY, sizeX])
  const finder = new ComponentFinder(labels.shapeZyx)
  for (let z = 0; z < sizeZ; z++) finder.add(await readPlane(z))
  const components = finder.components()
  const rules: KeepComponent[] = []
  if (asked.keepLargest.length > 0) rules.push(keepLargest(components, asked.keepLargest))
  if (asked.smallestVoxels > 0) rules.push(removeSmallerThan(components, asked.smallestVoxels))
  const ids = finder.secondPass()
  for (let z = 0; z < sizeZ; z++) {
    const plane = await readPlane(z)
    filterPlane(plane, ids.next(plane), (id) => rules.every((keeps) => keeps(id)))
    await into.append(plane)
  }
}
