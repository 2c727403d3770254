/** Rows as they are stored. JSON is text, so that the same code runs on SQLite and PostgreSQL. Times are ISO 8601 UTC. */
export interface Tables {
  uploads: {
    upload_id: string
    owner: string
    state: string
    filename: string
    total_size: number
    chunk_size: number
    fingerprint: string | null
    sha256: string | null
    metadata: string
    created_at: string
    expires_at: string
    volume_id: string | null
    error: string | null
  }
  upload_parts: { upload_id: string; part_index: number; size_bytes: number; sha256: string }
  volumes: {
    volume_id: string
    owner: string
    filename: string
    /** Relative to the data folder, or absolute for a volume that the server only refers to. */
    path: string
    is_managed: number
    format: string
    size_bytes: number
    sha256: string
    header: string
    mode0: string | null
    /** JSON of the files that a volume is only referred to by. */
    files: string | null
    created_at: string
    /** Group that may use it, too. */
    project: string | null
  }
  jobs: {
    job_id: string
    owner: string
    state: string
    attempt: number
    volume_id: string
    /** JSON list of ids. */
    more_volume_ids: string
    memory: string | null
    model: string
    model_version: string
    /** Null in rows of an older program. */
    model_sha256: string | null
    params: string
    effective_params: string | null
    preview: string
    warnings: string
    result: string | null
    error: string | null
    device: string | null
    tiles_done: number
    tiles_total: number
    created_at: string
    started_at: string | null
    finished_at: string | null
    project: string | null
    priority: number
    /** Workers or servers that were lost with the job since it was queued. */
    losses: number
    /** Server that runs the job, and until when it may. */
    claimed_by: string | null
    lease_until: string | null
    /** When retention removed the results. */
    artifacts_removed_at: string | null
  }
  tile_speeds: { model: string; device: string; patch: string; tiles_per_second: number }
  device_use: { owner: string; seconds: number; updated_at: string }
  artifacts: {
    job_id: string
    name: string
    attempt: number
    media_type: string
    size_bytes: number
    sha256: string
    warnings: string
  }
  job_events: { job_id: string; seq: number; frame: string }
  tokens: {
    token_id: string
    user_name: string
    label: string
    hash: string
    /** Separated by spaces. */
    scopes: string
    created_at: string
    expires_at: string | null
    revoked_at: string | null
    last_used_at: string | null
  }
  memberships: { group_name: string; user_name: string; source: string }
  model_groups: { model: string; group_name: string }
  audit: {
    entry_id: string
    time: string
    user_name: string
    token_id: string | null
    action: string
    subject: string | null
    status: number
    address: string
  }
}
