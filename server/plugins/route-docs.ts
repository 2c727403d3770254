/** What the API document says of a route beside its schemas. */
export interface RouteDoc {
  tag: 'Compatibility' | 'Server' | 'Administration' | 'Uploads' | 'Volumes' | 'Models' | 'Jobs' | 'Live' | 'Files'
  summary: string
  description?: string
  /** True for routes that need no token. */
  isOpen?: boolean
  /** Media type of a body that is streamed and therefore has no schema. */
  streams?: string
  /** Headers that a request must carry beside the token. */
  headers?: Record<string, string>
  /** Replies without a JSON schema: status → media type (null: no body) and what it means. */
  replies?: Record<string, { type: string | null; description: string }>
}

const NO_CONTENT = { 204: { type: null, description: 'Done; there is no body.' } } as const

/** Texts of the API document by method and route pattern. A route may carry `summary` and `tags` in its schema instead. */
export const ROUTE_DOCS: Readonly<Record<string, RouteDoc>> = {
  'GET /v1/healthz': { tag: 'Server', summary: 'The process is alive', isOpen: true },
  'GET /v1/readyz': {
    tag: 'Server',
    summary: 'The server can take work',
    description: 'Answers 503 with the reasons while it starts, stops, has no model, no database or no disk space.',
    isOpen: true,
  },
  'GET /v1/server/info': { tag: 'Server', summary: 'Version, devices, limits and capabilities' },
  'GET /v1/me': { tag: 'Server', summary: 'Whose token this is and what it allows' },
  'GET /v1/admin/overview': { tag: 'Administration', summary: 'Devices, queue, users, disk and models at a glance' },
  'POST /v1/admin/jobs/{jobId}/cancel': { tag: 'Administration', summary: "Cancel anybody's job" },
  'GET /v1/admin/audit': { tag: 'Administration', summary: 'Who did what, newest first' },
  'GET /v1/models/{id}/access': { tag: 'Administration', summary: 'Groups that may use a model; none: everyone may' },
  'PUT /v1/models/{id}/access': { tag: 'Administration', summary: 'Set the groups that may use a model' },
  'GET /v1/openapi.json': { tag: 'Server', summary: 'This document', isOpen: true },
  'GET /metrics': {
    tag: 'Server',
    summary: 'Figures for Prometheus',
    description:
      'From this computer without a proxy in between, or with the token of CRYOMAMBA_METRICS_TOKEN as Bearer.',
    replies: { 200: { type: 'text/plain', description: 'Figures in the text format of Prometheus.' } },
  },
  'POST /v1/uploads/init': {
    tag: 'Uploads',
    summary: 'Begin an upload, or find the open one of the same file',
    description: 'Answers 200 with the volume at once where this user already has a file of that hash.',
  },
  'GET /v1/uploads/{uploadId}': { tag: 'Uploads', summary: 'State of an upload and the parts that are on disk' },
  'PUT /v1/uploads/{uploadId}/part/{partIndex}': {
    tag: 'Uploads',
    summary: 'Send one part',
    description: 'Parts are numbered from 0 and may come in any order, several at once.',
    streams: 'application/octet-stream',
    headers: { 'content-digest': 'SHA-256 of the part as RFC 9530 writes it: `sha-256=:BASE64:`.' },
  },
  'POST /v1/uploads/{uploadId}/complete': {
    tag: 'Uploads',
    summary: 'All parts are sent: check the whole and make the volume',
  },
  'DELETE /v1/uploads/{uploadId}': {
    tag: 'Uploads',
    summary: 'Give an upload up',
    description: 'Also while the whole is checked. A volume that was made of it stays.',
    replies: NO_CONTENT,
  },
  'GET /v1/volumes': { tag: 'Volumes', summary: 'Volumes of this user, newest first' },
  'GET /v1/volumes/{volumeId}': { tag: 'Volumes', summary: 'One volume' },
  'DELETE /v1/volumes/{volumeId}': {
    tag: 'Volumes',
    summary: 'Delete a volume that no unfinished job uses',
    replies: NO_CONTENT,
  },
  'PUT /v1/volumes/{volumeId}/project': { tag: 'Volumes', summary: 'Share a volume with a project, or no longer' },
  'POST /v1/volumes/from-path': {
    tag: 'Volumes',
    summary: 'Make a volume of a file under an allowed folder of the server',
  },
  'GET /v1/models': { tag: 'Models', summary: 'Every version of every model' },
  'GET /v1/models/{id}': { tag: 'Models', summary: 'One model; `id@version` or `version=` names a version' },
  'POST /v1/models': {
    tag: 'Models',
    summary: 'Add a model package',
    description: 'The network is tried in a process of its own, with limits, before any job sees it.',
    streams: 'application/zip',
  },
  'DELETE /v1/models/{id}': { tag: 'Models', summary: 'Remove an added model', replies: NO_CONTENT },
  'POST /v1/jobs': { tag: 'Jobs', summary: 'Queue a job' },
  'POST /v1/jobs/estimate': {
    tag: 'Jobs',
    summary: 'Tiles, memory and time that a job would take',
    description: 'Nothing is queued; the volume need not be on the server.',
  },
  'GET /v1/jobs': { tag: 'Jobs', summary: 'Jobs of this user, newest first' },
  'GET /v1/jobs/{jobId}': { tag: 'Jobs', summary: 'One job' },
  'DELETE /v1/jobs/{jobId}': { tag: 'Jobs', summary: 'Cancel a job; of a finished one the files go' },
  'PUT /v1/jobs/{jobId}/project': { tag: 'Jobs', summary: 'Share a job with a project, or no longer' },
  'POST /v1/jobs/{jobId}/pause': {
    tag: 'Jobs',
    summary: 'Put an unfinished job aside; what is finished stays, and its device is free after the next tile',
  },
  'POST /v1/jobs/{jobId}/resume': { tag: 'Jobs', summary: 'Queue a paused job; it goes on from what was finished' },
  'POST /v1/jobs/{jobId}/retry': { tag: 'Jobs', summary: 'Run a failed or canceled job again' },
  'GET /v1/jobs/{jobId}/artifacts': { tag: 'Jobs', summary: 'Signed, expiring links of what a job left' },
  'POST /v1/jobs/{jobId}/postprocess': {
    tag: 'Jobs',
    summary: 'Another mask from the kept probability, without the network',
  },
  'GET /v1/files/{jobId}/{name}': {
    tag: 'Files',
    summary: 'Download an artifact by its signed link',
    description: 'Takes `Range`, `If-Range` and `If-None-Match`. The signature is the permission.',
    isOpen: true,
    replies: {
      200: { type: 'application/octet-stream', description: 'The whole file.' },
      206: { type: 'application/octet-stream', description: 'The bytes asked for.' },
      304: { type: null, description: 'The client has it already.' },
    },
  },
  'GET /v1/uploads/{uploadId}/status': {
    tag: 'Compatibility',
    summary: 'State of an upload in the words of the original',
  },
  'PUT /v1/jobs/{jobId}': { tag: 'Compatibility', summary: 'Second step of the original; changes nothing' },
  'GET /v1/gpu/status': { tag: 'Compatibility', summary: 'Devices in the words of the original' },
  'GET /v1/jobs/{jobId}/artifacts/{name}': {
    tag: 'Compatibility',
    summary: 'Leads to the signed link of an artifact',
    replies: { 302: { type: null, description: 'The link, under `location`.' } },
  },
  'POST /v1/jobs/{jobId}/ticket': {
    tag: 'Live',
    summary: 'A one-use ticket with which a browser page opens the live channel',
    description: 'Goes as `ticket` into the address of the WebSocket, once, within 30 s, for this job only.',
  },
  'GET /ws/jobs/{jobId}': {
    tag: 'Live',
    summary: 'Follow a job over a WebSocket',
    description:
      'Text frames are `LiveFrame`. A frame of type `preview` is followed by one binary frame with the gzip bytes of ' +
      'its voxels, or carries them as base64 in `data.payload` with `encoding=base64`. `since` replays what came ' +
      'after that sequence number. `ticket` stands in for the token. The server closes with 1000 once the job has ' +
      'ended, 1001 when it stops, 1008 on a client that does not answer pings, 1011 on an error of its own, 4401 when ' +
      'the token has ended, 4404 when the job may no longer be seen.',
    replies: { 101: { type: null, description: 'The connection is a WebSocket from here on.' } },
  },
}
