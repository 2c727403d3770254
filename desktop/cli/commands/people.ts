import type { Command } from '../command.ts'
import { runServerEntry } from '../server-process.ts'

/** Commands of the server over its database, run in the server's own program. */
function peopleCommand(name: string, usage: string, summary: string): Command {
  return {
    name,
    usage,
    summary,
    run: async (args, io) => {
      process.exitCode = await runServerEntry('people-command.js', [name, ...args], io.signal)
    },
  }
}

/** `token`: who may use a server, and until when. */
export const tokenCommand = peopleCommand(
  'token',
  'create --user NAME [--scopes read|write|admin] [--days N|never] [--label TEXT] | list [--user NAME] | revoke ID   [--data DIR] [--json]',
  'Makes, lists and ends tokens of users of the server whose data folder this is; it may run meanwhile.',
)

/** `group`: who shares projects and models. */
export const groupCommand = peopleCommand(
  'group',
  'add GROUP USER | remove GROUP USER | list   [--data DIR] [--json]',
  'Members of groups, who see what is shared with the group and may use the models kept for it.',
)

/** `audit`: who did what. */
export const auditCommand = peopleCommand(
  'audit',
  '[--user NAME] [--limit N] [--data DIR] [--json]',
  'Who did what on the server, newest first.',
)
