import { row } from './problem-row.ts'

/** Problems of reading and writing volume files. */
export const FORMAT_PROBLEMS = {
  format_unknown: row(
    422,
    'Format not recognised',
    '{name} is not an MRC, NIfTI or NRRD file.',
    'Choose a .mrc, .rec, .map, .nii, .nii.gz or .nrrd file.',
  ),
  format_truncated: row(
    422,
    'File truncated',
    '{name} holds {foundBytes} bytes, its header asks for {expectedBytes}.',
    'Copy the file again; the copy is incomplete.',
  ),
  format_header_invalid: row(
    422,
    'Header invalid',
    'The header of {name} is not valid: {reason}.',
    'Export the file again from the program that made it.',
  ),
  format_unsupported: row(
    422,
    'Kind of data not supported',
    '{name} holds {kind}, which CryoMamba does not read.',
    'Convert it to a real-valued volume first.',
  ),
  format_expansion_limit: row(
    422,
    'Compressed file expands too far',
    '{name} expands to more than {limitBytes} bytes.',
    'Unpack it yourself and open the result, or raise the limit.',
  ),
  format_corrupt_stream: row(
    422,
    'Compressed data damaged',
    'The compressed data of {name} cannot be read: {reason}.',
    'Copy or download the file again.',
  ),
  format_detached_data_missing: row(
    422,
    'Data file missing',
    '{name} names the data file {dataName}, which cannot be read.',
    'Put the header and its data file into the same folder.',
  ),
  dtype_not_supported_by_format: row(
    422,
    'Type not supported by the format',
    '{format} cannot hold {dtype}.',
    'Name another type with --dtype.',
  ),
  dtype_range: row(
    422,
    'Values do not fit the type',
    'Values from {min} to {max} do not fit {dtype}.',
    'Name a wider type with --dtype.',
  ),
  file_not_found: row(404, 'File not found', 'There is no file at {path}.', 'Check the path.'),
  file_unreadable: row(
    422,
    'File unreadable',
    '{path} cannot be read: {reason}.',
    'Check the permissions and the disk.',
  ),
  file_unwritable: row(
    422,
    'File cannot be written',
    '{path} cannot be written: {reason}.',
    'Choose another folder or free some space.',
  ),
} as const
