import { Notification } from 'electron'
import type { RunView } from '../../shared/contract/bridge.ts'
import type { MainWindow } from './main-window.ts'

/** Says through the system that a run has ended, unless the user is looking at the window. A click brings it up. */
export function tellEnded(main: MainWindow, run: RunView): void {
  if (!Notification.isSupported() || main.current?.isFocused()) return
  const notice = new Notification(noticeOf(run))
  notice.on('click', () => main.show())
  notice.show()
}

/** What the notification says. */
function noticeOf({ phase, volume_name: name, model_name: model, problem }: RunView): { title: string; body: string } {
  return phase === 'completed'
    ? { title: `${name} is segmented`, body: `${model} has finished.` }
    : { title: `${name} was not segmented`, body: problem?.message ?? `${model} failed.` }
}
