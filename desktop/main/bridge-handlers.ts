import { app, clipboard, shell } from 'electron'
import { exportBatch, startBatch } from './batches.ts'
import type { BridgeHandlers } from './bridge-host.ts'
import { reportText } from './diagnostics.ts'
import { exportMask, exportProbability } from './export-mask.ts'
import { openOutside } from './outside-pages.ts'
import type { Program } from './program.ts'
import { AUTHORITY_FILTERS, chooseFile, chooseFolder } from './window-questions.ts'

/** The handlers whose channel begins with one of these words. */
type HandlersOf<Prefix extends string> = Pick<BridgeHandlers, Extract<keyof BridgeHandlers, `${Prefix}.${string}`>>

/** What the main process does at each request of the window. @param onReady called when the window can take events */
export function bridgeHandlers(program: Program, onReady: () => void): BridgeHandlers {
  return {
    ...appHandlers(program, onReady),
    ...settingsHandlers(program),
    ...volumeHandlers(program),
    ...connectionHandlers(program),
    ...runHandlers(program),
    ...maskHandlers(program),
    ...pictureHandlers(program),
  }
}

function appHandlers(program: Program, onReady: () => void): HandlersOf<'app' | 'diagnostics' | 'crash' | 'outside'> {
  const { crashes, diagnose } = program
  return {
    'app.state': () => appState(program),
    'app.ready': () => {
      onReady()
      return null
    },
    'diagnostics.read': diagnose,
    'diagnostics.copy': () => {
      clipboard.writeText(reportText(diagnose()))
      return null
    },
    'crash.folder': async () => {
      await shell.openPath(crashes.folder)
      return null
    },
    'crash.seen': () => {
      crashes.seen()
      return null
    },
    'outside.open': async (page) => nothing(openOutside(page)),
  }
}

function appState(program: Program): ReturnType<BridgeHandlers['app.state']> {
  const { preferences, recent, crashes, settings, vault, files, connections, runs } = program
  return {
    version: app.getVersion(),
    platform: process.platform,
    theme: preferences.theme,
    preferences: preferences.value,
    recent: recent.list,
    crash: crashes.newest,
    view: settings.view,
    servers: vault.servers(),
    can_keep_tokens: vault.canKeep,
    has_sample: files.hasSample,
    local_engine_problem: null,
    connection: connections.connection,
    uses_this_computer: settings.usesThisComputer,
    run: runs.shown,
    runs: runs.all,
  }
}

function settingsHandlers(program: Program): HandlersOf<'settings' | 'preferences' | 'view_state'> {
  const { preferences, settings, facts, files, getWindow } = program
  return {
    'settings.theme': (theme) => {
      preferences.change({ theme })
      return null
    },
    'settings.view': (view) => {
      settings.view = view
      return null
    },
    'preferences.change': (change) => {
      preferences.change(change)
      return null
    },
    'preferences.results_folder': async () => {
      const window = getWindow()
      const folder = window ? await chooseFolder(window, 'Folder of results') : null
      if (folder) preferences.change({ results_folder: folder })
      return null
    },
    'view_state.find': (volumeRef) => facts.views.find(files.find(volumeRef).file),
    'view_state.keep': async ({ volume_ref, state }) => nothing(facts.views.keep(files.find(volume_ref).file, state)),
  }
}

function volumeHandlers({ files, beside, recent }: Program): HandlersOf<'volume' | 'beside' | 'recent'> {
  return {
    'beside.choose': async () => nothing(beside.choose()),
    'beside.close': () => {
      beside.close()
      return null
    },
    'volume.choose': async () => nothing(files.choose()),
    'volume.sample': async () => nothing(files.openSample()),
    'volume.drop': async (file) => nothing(files.open(file)),
    'volume.mode0': async (mode0) => nothing(files.openAgain(mode0)),
    'volume.close': async () => nothing(files.close()),
    'recent.open': async (recentRef) => nothing(files.open(recent.find(recentRef))),
    'recent.clear': () => {
      recent.clear()
      return null
    },
  }
}

function connectionHandlers(program: Program): HandlersOf<'connection'> {
  const { connections, certificates, runs, settings, getWindow } = program
  return {
    'connection.test': (target) => connections.test(target),
    'connection.use': async (target) => {
      const connection = await connections.use(target)
      settings.usesThisComputer = target.kind === 'local'
      runs.resumeWaiting(connection.kind === 'local' ? null : connection.url)
      return connection
    },
    'connection.leave': () => {
      connections.leave()
      settings.usesThisComputer = false
      return null
    },
    'connection.forget': ({ url }) => {
      connections.forget(url)
      return null
    },
    'connection.certificate': ({ url }) => certificates.read(url),
    'connection.authority': async ({ url }) => {
      const window = getWindow()
      const file = window && (await chooseFile(window, "Certificate of the lab's authority", AUTHORITY_FILTERS))
      if (file) await certificates.chooseAuthority(url, file)
      return Boolean(file)
    },
    'connection.trust': (certificate) => {
      certificates.confirm(certificate)
      return null
    },
  }
}

function runHandlers(program: Program): HandlersOf<'run' | 'batch'> & Pick<BridgeHandlers, 'mask.export'> {
  const { runs, requests, otherJobs, preferences, getWindow, newRef } = program
  const folder = () => preferences.value.results_folder
  return {
    'run.start': async (order) => nothing(requests.start(order)),
    'run.elsewhere': (looked) => otherJobs.list(looked),
    'run.adopt': (wanted) => otherJobs.adopt(wanted),
    'run.estimate': (order) => requests.estimate(order),
    'run.cancel': async ({ run_ref }) => nothing(runs.cancel(run_ref)),
    'run.pause': async ({ run_ref }) => nothing(runs.pause(run_ref)),
    'run.resume': ({ run_ref }) => {
      runs.resume(run_ref)
      return null
    },
    'run.show': async ({ run_ref }) => nothing(requests.show(run_ref)),
    'run.dismiss': async ({ run_ref }) => nothing(runs.dismiss(run_ref)),
    'run.probability': ({ run_ref }) => exportProbability(getWindow(), runs, run_ref, folder()),
    'mask.export': ({ run_ref, format }) => exportMask(getWindow(), runs, run_ref, format, folder()),
    'batch.start': (order) => startBatch(getWindow(), runs, order, newRef),
    'batch.export': ({ batch_ref }) => exportBatch(getWindow(), runs, batch_ref),
  }
}

function maskHandlers({ masks }: Program): Omit<HandlersOf<'mask'>, 'mask.export'> {
  return {
    'mask.edit': (input) => masks.edit(input),
    'mask.apply': (input) => masks.apply(input),
    'mask.undo': async (input) => nothing(masks.undo(input)),
    'mask.redo': async (input) => nothing(masks.redo(input)),
    'mask.cancel': async (input) => nothing(masks.cancel(input)),
    'mask.label': async (input) => nothing(masks.changeLabel(input)),
    'mask.probability': async (input) => nothing(masks.fetchProbability(input)),
    'mask.save': (input) => masks.save(input),
    'mask.take': (input) => masks.take(input),
    'mask.close': async (input) => nothing(masks.close(input)),
    'mask.recover': async (input) => nothing(masks.recover(input)),
  }
}

function pictureHandlers({ pictures }: Program): HandlersOf<'picture'> {
  return {
    'picture.begin': (input) => pictures.begin(input),
    'picture.write': async (input) => nothing(pictures.write(input)),
    'picture.finish': (input) => pictures.finish(input),
    'picture.discard': async (input) => nothing(pictures.discard(input)),
  }
}

async function nothing(done: Promise<void>): Promise<null> {
  await done
  return null
}
