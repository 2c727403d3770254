import type { FastifyServerOptions } from 'fastify'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { PROBLEMS } from '../../shared/errors/problems.ts'

/** Names of files, which often name patients or projects. */
const FILE_NAME = /[^\s'"/\\]+\.(?:mrcs?|rec|map|ccp4|st|ali|nii|hdr|img|nrrd|nhdr|raw|gz|bz2|onnx|zip|partial)\b/gi

/** Absolute paths whose folders may have spaces in their names: what stands before the last separator goes as a whole. */
const SPACED_PATH = /(?<![\w.])(?:[a-z]:)?(?:[\\/][^'"`\\/:\n]+)+[\\/](?=[^\s'"\\/:])/gi

/** Absolute paths of Unix and Windows, and addresses with a query. */
const PATH = /(?:[a-z]:)?(?:[\\/][^\s'"\\/:]+){2,}[\\/]?|\?\S+/gi

/**
 * A text of an error as the log may hold it: what is quoted, paths, file names, queries and credentials are taken out.
 */
export function withoutNames(text: string): string {
  return text
    .replace(/\b(bearer|token|password|secret)([ =:]+)\S+/gi, '$1$2…')
    .replace(/(['"`])(?:(?!\1).)*\1/g, '$1…$1')
    .replace(SPACED_PATH, '/…/')
    .replace(PATH, '…')
    .replace(FILE_NAME, '…')
}

/** Values of problems that somebody chose: names of files, folders and networks of theirs, with spaces or without. */
const CHOSEN = new Set(['name', 'dataName', 'other', 'label', 'first', 'channel', 'path', 'folder', 'url', 'origin'])

/** A problem in the words of its table; a text that replaces those may hold anything. */
function wordsOf({ code, details }: DomainError): string {
  const shown = (key: string) => (CHOSEN.has(key) ? '…' : withoutNames(String(details[key] ?? '…')))
  return PROBLEMS[code].message.replaceAll(/\{(\w+)\}/g, (_, key: string) => shown(key))
}

interface LoggedError {
  type: string
  message: string
  stack: string
  [key: string]: unknown
}

/** An error as the log has it: its kind, its words without names, and where in the program it came from. */
export function errorForLog(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: '', stack: '' }
  const { name, message, stack, code, syscall, cause } = error as NodeJS.ErrnoException
  return {
    type: name,
    ...(code === undefined ? {} : { code }),
    message: error instanceof DomainError ? wordsOf(error) : ourWords(message, code, syscall),
    stack: framesOf(stack),
    ...(cause === undefined ? {} : { cause: errorForLog(cause) }),
  }
}

/** The system's own words are the code and the call; the rest of the message is a path. */
function ourWords(message: string, code: string | undefined, syscall: string | undefined): string {
  return syscall === undefined ? withoutNames(message) : `${code} in ${syscall}`
}

/** Lines of a stack with the file inside the program only. */
function framesOf(stack: string | undefined): string {
  const frames = (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return frames
    .map((line) => line.trim().replace(/(?:file:\/\/)?[^\s(]*\/((?:server|shared|node_modules)\/)/, '$1'))
    .join('\n')
}

/** Fields whose text was written by others: the end of a worker's stderr, a driver's reason. */
const FOREIGN = ['stderr', 'detail', 'reason']

function withoutNamesIn(fields: Record<string, unknown>): Record<string, unknown> {
  const foreign = FOREIGN.filter((name) => typeof fields[name] === 'string')
  const cleaned = foreign.map((name) => [name, withoutNames(String(fields[name]))])
  return { ...fields, ...Object.fromEntries(cleaned) }
}

/** JSON lines with the time in ISO 8601, the level by name, and errors without names of files or people. */
export function logSettings(level: string, stream: NodeJS.WritableStream): FastifyServerOptions['logger'] {
  return {
    level,
    stream,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }), log: withoutNamesIn },
    serializers: { err: errorForLog, req: () => ({}), res: () => ({}) },
  }
}
