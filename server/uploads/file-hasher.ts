/** SHA-256 of files that are still coming: each is hashed as far as it is there, so that little is left at its end. */
export interface FileHasher {
  /** The first bytes of a file are in place and stay as they are. */
  reached(key: string, file: string, bytes: number): void
  /**
   * Hashes what is left of the first bytes of a file, hex. Asking again gives the same at once.
   * @throws what reading met; it is begun anew when asked again
   */
  digest(key: string, file: string, bytes: number): Promise<string>
  /** The file is gone, or another one: nothing that was hashed of it counts. */
  forget(key: string): void
  close(): Promise<void>
}
