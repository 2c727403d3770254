import type { ServerInfo } from '../../../../shared/contract/server-info.ts'

/** What a server computes with, as people call it. */
export function deviceNames({ devices }: ServerInfo): string {
  const names = devices.map((device) => (device.name.toLowerCase() === 'cpu' ? 'CPU' : device.name))
  return names.join(', ') || 'no device named'
}
