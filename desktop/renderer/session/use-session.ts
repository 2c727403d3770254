import { createContext, useContext } from 'react'
import { useStore } from 'zustand'
import type { DesktopStore, Store } from '../state/store.ts'
import type { Session } from './session.ts'

export const SessionContext = createContext<Session | null>(null)

/** The session of this window. */
export function useSession(): Session {
  const session = useContext(SessionContext)
  if (!session) throw new Error('no session above this component')
  return session
}

/** The store of what is shown beside, for the components there; elsewhere the session's. */
export const StoreContext = createContext<DesktopStore | null>(null)

/** The smallest value of the store that a component needs. */
export function useFacts<T>(select: (state: Store) => T): T {
  const { store } = useSession()
  return useStore(useContext(StoreContext) ?? store, select)
}

/** Of the volume on show, wherever the component is. */
export function useMainFacts<T>(select: (state: Store) => T): T {
  return useStore(useSession().store, select)
}

/** Of the volume beside it. */
export function useBesideFacts<T>(select: (state: Store) => T): T {
  return useStore(useSession().beside.store, select)
}
