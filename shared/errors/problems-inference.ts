import { row } from './problem-row.ts'

/** Problems of models and of running them. */
export const INFERENCE_PROBLEMS = {
  tile_exceeds_volume: row(
    422,
    'Tile larger than the volume',
    'A tile of {tileVox} voxels does not fit an axis of {sizeVox}.',
    'Use a smaller patch.',
  ),
  step_out_of_range: row(422, 'Step out of range', 'The step is {step}; it must be above 0 and at most 1.', 'Use 0.5.'),
  patch_not_divisible: row(
    422,
    'Patch not divisible',
    'The patch {patchZyx} is not divisible by {divisibleByZyx} (z, y, x).',
    'Use a patch whose sides are multiples of these numbers.',
  ),
  model_invalid: row(
    422,
    'Model package invalid',
    'The model package {name} is not valid: {reason}.',
    'Fix model.json or export the model again.',
  ),
  model_not_found: row(
    404,
    'Model not found',
    'There is no model {model}.',
    'List the models with `cryomamba models`.',
  ),
  model_archive_invalid: row(
    422,
    'Archive of a model refused',
    'The archive of the model package is not accepted: {reason}.',
    'Pack the folder of the package again as a plain zip archive.',
  ),
  model_exists: row(
    409,
    'Another model of this version exists',
    'The server has another model {model} of version {version}.',
    'Give the package a version of its own, or delete the other one first.',
  ),
  model_in_use: row(
    409,
    'Model in use',
    'The model {model} is used by job {jobId}.',
    'Wait for the job, or cancel it.',
    true,
  ),
  model_not_removable: row(
    409,
    'Model not removable',
    'The model {model} was not uploaded; it belongs to a model folder of the server.',
    'Take it out of the folder and start the server again.',
  ),
  model_feature_unsupported: row(
    422,
    'Model asks for something not supported',
    'The model {model} asks for {feature}, which this version does not do.',
    'Use a model without it.',
  ),
  model_channels: row(
    422,
    'Wrong number of channels',
    'The model {model} takes {expected} volumes, {found} were given.',
    'Give one volume per channel.',
  ),
  volumes_not_on_one_grid: row(
    422,
    'Volumes on different grids',
    'The volumes {first} and {other} do not lie on one grid: {reason}.',
    'Give volumes of the same shape and voxel size.',
  ),
  roi_out_of_range: row(
    422,
    'Region outside the volume',
    'The region {roi} does not lie in the volume of {shapeZyx} voxels (z, y, x).',
    'Give first and last-plus-one voxel of each axis inside the volume.',
  ),
  too_many_objects: row(
    422,
    'Too many objects',
    'The mask has more than {most} objects, which is noise rather than objects; none were removed.',
    'Use a higher threshold, or do not ask for objects to be removed.',
  ),
  probability_not_kept: row(
    409,
    'No probability kept',
    'The job {jobId} kept no probability.',
    'Run it again with probability.',
  ),
  mirror_not_allowed: row(
    422,
    'Mirroring not allowed',
    'The model {model} does not allow mirroring along {axes}.',
    'Leave the axes out.',
  ),
  provider_unavailable: row(
    503,
    'Device not available',
    'The provider {provider} cannot be used: {reason}.',
    'Install its libraries, or choose the CPU.',
  ),
  out_of_memory: row(
    507,
    'Out of memory',
    "The network asked for {neededBytes} bytes that the device does not have; {freeBytes} bytes of the computer's memory are free.",
    'Use a smaller patch.',
    true,
  ),
  memory_limit: row(
    422,
    'Memory limit exceeded',
    'The job needs {neededBytes} bytes of memory, the limit is {limitBytes}.',
    'Use a smaller patch or raise the limit.',
  ),
  output_not_finite: row(
    422,
    'Network output not finite',
    'The network gave values that are not finite.',
    'Check the model and the volume.',
  ),
  worker_lost: row(500, 'Worker stopped', 'The worker stopped unexpectedly ({reason}).', 'Start the job again.', true),
  volume_not_finite: row(
    422,
    'Volume not finite',
    '{share} % of the voxels are NaN or infinite.',
    'Repair the volume first.',
  ),
} as const
