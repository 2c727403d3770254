/** What the stored rows say of one user. */
export interface UserHoldings {
  user: string
  volumes: number
  volumeBytes: number
  uploadsOpen: number
  uploadBytes: number
  artifactBytes: number
}

export interface OverviewRepository {
  /** Users who hold anything, by name. */
  holdings(): Promise<UserHoldings[]>
  /** Ids of the jobs that ended last, of every user, newest first. */
  lastFinished(limit: number): Promise<string[]>
}
