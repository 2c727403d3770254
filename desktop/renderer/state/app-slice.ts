import type { StateCreator } from 'zustand'
import type { AppState, Theme } from '../../../shared/contract/bridge.ts'
import type { ProblemEnvelope } from '../../../shared/errors/domain-error.ts'

/** Something told to the user until it is dismissed. */
export interface Notice {
  notice_id: number
  kind: 'problem' | 'done'
  message: string
  hint: string
  /** It is no news any more once this is well again. */
  about?: 'connection'
}

/** The program itself: what it can do here, how it looks, what it has to say. */
export interface AppSlice {
  app: AppState | null
  theme: Theme
  notices: readonly Notice[]
  numNotices: number
  appKnown: (app: AppState) => void
  themeChanged: (theme: Theme) => void
  problemMet: (problem: ProblemEnvelope, about?: Notice['about']) => void
  problemsOver: (about: Notice['about']) => void
  workDone: (message: string, hint: string) => void
  noticeDismissed: (noticeId: number) => void
}

// More would cover the picture; the oldest goes.
const MAX_NOTICES = 3

export const createAppSlice: StateCreator<AppSlice> = (set) => {
  const add = (notice: Omit<Notice, 'notice_id'>) =>
    set(({ notices, numNotices }) => ({
      numNotices: numNotices + 1,
      notices: [...stillWorthTelling(notices, notice), { ...notice, notice_id: numNotices }].slice(-MAX_NOTICES),
    }))
  return {
    app: null,
    theme: 'dark',
    notices: [],
    numNotices: 0,
    appKnown: (app) => set({ app, theme: app.theme }),
    themeChanged: (theme) => set({ theme }),
    problemMet: ({ message, hint }, about) => add({ kind: 'problem', message, hint, ...(about ? { about } : {}) }),
    problemsOver: (about) => set(({ notices }) => ({ notices: notices.filter((notice) => notice.about !== about) })),
    workDone: (message, hint) => add({ kind: 'done', message, hint }),
    noticeDismissed: (noticeId) =>
      set(({ notices }) => ({ notices: notices.filter((notice) => notice.notice_id !== noticeId) })),
  }
}

/** Of what was done only the last is told, and nothing twice. */
function stillWorthTelling(notices: readonly Notice[], { kind, message }: Pick<Notice, 'kind' | 'message'>): Notice[] {
  return notices.filter((notice) => notice.message !== message && !(kind === 'done' && notice.kind === 'done'))
}
