import { DomainError } from '../../shared/errors/domain-error.ts'
import {
  ComponentFinder,
  filterPlane,
  type KeepComponent,
  keepLargest,
  MOST_PROVISIONAL,
  removeSmallerThan,
} from '../../shared/mask/components.ts'
import { TooManyObjects } from '../../shared/mask/object-table.ts'
import type { Connectivity } from '../../shared/mask/plane-scan.ts'
import type { LabelArray } from '../../shared/mask/preview-rule.ts'
import type { LabelFile } from './label-file.ts'

/** What belongs to one object where nobody asks. */
export const DEFAULT_NEIGHBOURS: Connectivity = 26

/** Which objects stay. */
export interface ObjectRules {
  /** Labels of which only the largest object stays. */
  keepLargest: readonly number[]
  /** Objects below this size go. */
  smallestVoxels: number
  /** What belongs to one object: voxels that touch by faces (6), or by faces, edges or corners. */
  neighbours: Connectivity
}

/** True where objects may have to go. */
export function asksForFilter({
  keepLargest,
  smallestVoxels,
}: Pick<ObjectRules, 'keepLargest' | 'smallestVoxels'>): boolean {
  return keepLargest.length > 0 || smallestVoxels > 0
}

/**
 * Copies a label map without the objects that are to go: all but the largest of some labels, and all below a size.
 * Three passes over the file, two planes held.
 * @throws {DomainError} `too_many_objects` for noise, which objects cannot be told in
 */
export async function filterObjects(labels: LabelFile, into: LabelFile, asked: ObjectRules): Promise<void> {
  const [sizeZ, sizeY, sizeX] = labels.shapeZyx
  const readPlane = (z: number) => labels.readBox([z, 0, 0], [1, sizeY, sizeX])
  const finder = new ComponentFinder(labels.shapeZyx, asked.neighbours)
  for (let z = 0; z < sizeZ; z++) addOrRefuse(finder, await readPlane(z))
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

function addOrRefuse(finder: ComponentFinder, plane: LabelArray): void {
  try {
    finder.add(plane)
  } catch (cause) {
    if (cause instanceof TooManyObjects) throw new DomainError('too_many_objects', { most: MOST_PROVISIONAL, cause })
    throw cause
  }
}
