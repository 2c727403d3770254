import { createContext, useContext } from 'react'
import { useStore } from 'zustand'
import type { Store } from '../state/store.ts'
import type { Session } from './session.ts'

export const SessionContext = createContext<Session | null>(null)

/** The session of this window. */
export function useSession(): Session {
  const session = useContext(SessionContext)
  if (!session) throw new Error('no session above this component')
  return session
}

/** The smallest value of the store that a component needs. */
export function useFacts<T>(select: (state: Store) => T): T {
  return useStore(useSession().store, select)
}
