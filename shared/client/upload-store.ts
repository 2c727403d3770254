/** What a client keeps of an upload that is not finished, so that another run of the program can go on with it. */
export interface UploadNote {
  /** Address of the server. */
  server: string
  /** Absolute path of the file. */
  path: string
  fingerprint: string
  upload_id: string
  size: number
  /** Modification time, milliseconds since 1970. */
  mtime: number
  /** Of the whole file, once it is known. */
  sha256: string | null
}

/** Where unfinished uploads are kept; one for each file and server. Losing it costs a reading of the file, no part. */
export interface UploadStore {
  find(server: string, path: string): Promise<UploadNote | null>
  save(note: UploadNote): Promise<void>
  remove(server: string, path: string): Promise<void>
}
