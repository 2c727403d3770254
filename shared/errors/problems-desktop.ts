import { row } from './problem-row.ts'

/** Problems of the desktop program. */
export const DESKTOP_PROBLEMS = {
  bridge_input_invalid: row(
    400,
    'Request from the window invalid',
    'The window sent something that {channel} does not accept.',
    'Restart CryoMamba; if it happens again, report it.',
  ),
  engine_not_available: row(
    503,
    'No engine on this computer',
    'Segmenting on this computer is not possible: {reason}.',
    'Connect to a server instead.',
  ),
  volume_service_stopped: row(
    500,
    'Volume reader stopped',
    'The part of CryoMamba that reads volumes stopped ({reason}).',
    'It is started anew; open the file again if it is no longer shown.',
    true,
  ),
  levels_not_kept: row(
    507,
    'No room for levels',
    'The levels of {name} could not be written ({reason}).',
    'Free some space on the disk and open the file again; until then a sampled picture is shown.',
    true,
  ),
  volume_not_open: row(404, 'Volume not open', 'The volume is no longer open.', 'Open the file again.'),
  not_connected: row(
    409,
    'Not connected',
    'There is no server to run on.',
    'Connect to a server, or choose this computer.',
  ),
  run_in_progress: row(
    409,
    'A run is in progress',
    'The volume {name} is being segmented.',
    'Wait for it to finish, or cancel it.',
  ),
  run_volume_elsewhere: row(
    409,
    'Volume not open',
    'The run is of {name}, and the open file is another.',
    'Open that volume and choose the run again, or save its mask.',
  ),
  run_volume_changed: row(
    409,
    'Volume changed',
    '{name} has changed since {model} ran on it: the mask of that run is not laid over it.',
    'Run the model again; the mask of the run before can be saved from the list of runs.',
  ),
  run_volume_unknown: row(
    409,
    'Volume not compared',
    'Whether {name} is still the file that {model} ran on is not known: the mask of that run is not laid over it.',
    'If you know that it is, choose the run in the list; else run the model again.',
  ),
  run_interrupted: row(
    503,
    'Run interrupted',
    'CryoMamba was closed before the run had ended.',
    'It goes on once its server can be asked.',
    true,
  ),
  run_not_found: row(404, 'No such run', 'The run is no longer known.', 'Run the model again.'),
  recent_file_unknown: row(
    404,
    'File no longer listed',
    'The file is no longer in the list of recent files.',
    'Open it by its place.',
  ),
  sample_missing: row(
    404,
    'Sample missing',
    'The sample tomogram is not part of this installation.',
    'Open a file of your own.',
  ),
  graphics_lost: row(
    500,
    'Graphics interrupted',
    'The graphics driver stopped drawing.',
    'The volume is shown again at a coarser level; close other programs that use the graphics card.',
    true,
  ),
  graphics_unavailable: row(
    500,
    'Graphics not available',
    'This computer does not offer WebGL 2 to the window.',
    'Update the graphics driver, then start CryoMamba again.',
  ),
  picture_not_open: row(404, 'No such picture', 'The picture is no longer being written.', 'Save it again.'),
  picture_too_large: row(
    413,
    'Picture too large',
    'This graphics card does not draw a picture of {width} × {height} pixels.',
    'Choose a smaller size, or a single pane.',
  ),
  movie_not_encoded: row(
    500,
    'Movie not encoded',
    'The movie could not be encoded as {format} ({reason}).',
    'Choose another format, or a smaller size.',
  ),
} as const
