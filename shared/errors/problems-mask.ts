import { row } from './problem-row.ts'

/** Problems of correcting a mask and of taking it away. */
export const MASK_PROBLEMS = {
  label_locked: row(
    409,
    'Label locked',
    'Label {label} is locked.',
    'Unlock it in the list of labels, then try again.',
  ),
  mask_region_too_large: row(
    422,
    'Region too large',
    'The region has more than {most} voxels; nothing was changed.',
    'Narrow the range or the reach, or close the gap that the region runs out through.',
  ),
  mask_seed_empty: row(
    422,
    'Nothing there',
    'Voxel {indexXyz} (x, y, z) holds {found}.',
    'Choose a voxel of the object that is meant.',
  ),
  mask_slices_missing: row(
    422,
    'No slices to go between',
    'Label {label} is not drawn on both sides of slice {index} along {axis}.',
    'Draw the label in one slice below and in one above, then try again in between.',
  ),
  mask_not_open: row(404, 'Mask not open', 'No mask is being corrected.', 'Begin with a mask or an empty one.'),
  mask_unsaved: row(
    409,
    'Mask not saved',
    'The mask of {name} has changes that are not saved.',
    'Export it or discard the changes first.',
  ),
  mask_sign_doubtful: row(
    422,
    'Sign not known',
    '{name} holds bytes over 127, which are labels when they are unsigned, and no labels when they are signed.',
    'Say which they are, or save the mask with 16 bits.',
  ),
  mask_grid_differs: row(
    422,
    'Other grid',
    '{name} does not lie on the grid of the volume: {reason}.',
    'Choose the mask of this volume, or open the volume that belongs to it.',
  ),
  mask_journal_damaged: row(
    422,
    'Kept changes unreadable',
    'The changes kept of {name} cannot be read: {reason}.',
    'Discard them and begin again from the last export.',
  ),
  mask_record_unreadable: row(
    500,
    'Kept changes not offered',
    'Corrections that an earlier start kept cannot be read: {reason}.',
    'They stay where they are, in {folder}; a newer CryoMamba may be able to read them.',
  ),
  mask_service_stopped: row(
    500,
    'Mask editor stopped',
    'The part of CryoMamba that holds the mask stopped ({reason}).',
    'Open the volume again; the changes made so far are kept.',
    true,
  ),
  surface_too_large: row(
    422,
    'Surface too large',
    'The surface has more than {most} triangles.',
    'Export single labels, or a part of the volume.',
  ),
  label_absent: row(404, 'Label absent', 'The mask has no voxel of label {label}.', 'Choose a label that occurs.'),
} as const
