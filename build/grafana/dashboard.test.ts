import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deviceSlots } from '../../server/devices/device-slots.ts'
import { freePort } from '../../server/test/free-port.ts'
import { createJobOn, finishedOn } from '../../server/test/job-calls.ts'
import { inProcessLauncher, makeTestServer, type TestServer, TOKEN, until } from '../../server/test/test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from '../../server/test/threshold-model.ts'
import { createClient } from '../../shared/client/client.ts'

interface Dashboard {
  panels: { title: string; type: string; targets?: { expr: string }[] }[]
}

const HERE = import.meta.dirname
const hasProgram = (name: string) => spawnSync(name, ['--version']).status === 0
const hasPrometheus = hasProgram('prometheus') && hasProgram('promtool')
if (!hasPrometheus) console.warn('prometheus and promtool are absent (Debian: apt-get install prometheus): not tested')

const dashboard: Dashboard = JSON.parse(await readFile(path.join(HERE, 'cryomamba-dashboard.json'), 'utf8'))
const queries = dashboard.panels.flatMap(({ title, targets }) =>
  (targets ?? []).map(({ expr }): [string, string] => [
    `${title}: ${expr}`,
    expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '30s'),
  ]),
)

let root: string
let server: TestServer
let prometheus: ChildProcess | null = null
let api: string

/** A server with a card, a job and requests behind it, scraped by a real Prometheus. */
beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-prometheus-'))
  await writeFile(path.join(root, 'nvidia-smi'), '#!/bin/sh\necho "0, GPU-1, NVIDIA H200, 100, 40, 75, 570.1, 30"\n')
  await chmod(path.join(root, 'nvidia-smi'), 0o755)
  process.env.PATH = `${root}:${process.env.PATH}`
  server = await makeTestServer({
    launcher: inProcessLauncher(fakeThresholdNetwork().createSession),
    manifest: thresholdManifest(),
    change: { devices: deviceSlots(['cpu', 'cuda:0'], {}) },
  })
  const url = await server.listen()
  if (hasPrometheus) await startPrometheus(url)
})
afterAll(async () => {
  if (prometheus) {
    const gone = new Promise((resolve) => prometheus?.once('exit', resolve))
    prometheus.kill()
    await gone
  }
  await server.stop()
  await rm(root, { recursive: true, force: true })
})

async function startPrometheus(url: string): Promise<void> {
  const port = await freePort()
  api = `http://127.0.0.1:${port}/api/v1`
  const shipped = await readFile(path.join(HERE, 'prometheus.yml'), 'utf8')
  const config = shipped
    .replace('127.0.0.1:7450', new URL(url).host)
    .replace('15s', '1s')
    .replace('cryomamba-alerts.yml', path.join(HERE, 'cryomamba-alerts.yml'))
  await writeFile(path.join(root, 'prometheus.yml'), config)
  prometheus = spawn(
    'prometheus',
    [
      `--config.file=${path.join(root, 'prometheus.yml')}`,
      `--storage.tsdb.path=${path.join(root, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  )
  await until(async () => (await ask('query', 'up').catch(() => [])).length > 0)
}

type Sample = { metric: Record<string, string>; value: [number, string] }

async function ask(kind: 'query', expression: string): Promise<Sample[]> {
  const reply = await fetch(`${api}/${kind}?query=${encodeURIComponent(expression)}`)
  const { status, data, error } = await reply.json()
  if (status !== 'success') throw new Error(error)
  return data.result
}

describe('the dashboard', () => {
  it('shows something in every panel that is no heading', () => {
    expect(queries.length).toBeGreaterThan(20)
    for (const { title, type, targets } of dashboard.panels) if (type !== 'row') expect(targets, title).not.toEqual([])
  })

  it('uses only figures that the server gives', async () => {
    await finishedOn(server, (await createJobOn(server)).job_id)
    const missing = async () => {
      const { body } = await server.app.inject({ url: '/metrics' })
      const names = queries.flatMap(([, expression]) => expression.match(/\b(?:cryomamba|process|nodejs)_\w+/g) ?? [])
      return names.filter((name) => !body.includes(`\n${name}`))
    }
    // A job is counted a moment after it is recorded.
    await expect.poll(missing).toEqual([])
  })
})

describe.skipIf(!hasPrometheus)('a real Prometheus', () => {
  it('scrapes the server and finds an answer to every query of the dashboard', async () => {
    await createClient({ url: await server.app.listeningOrigin, token: TOKEN }).info()
    await finishedOn(server, (await createJobOn(server)).job_id)
    expect((await ask('query', 'up{job="cryomamba"}'))[0].value[1]).toBe('1')
    for (const [title, expression] of queries) {
      const found = await until(async () => {
        const samples = await ask('query', expression)
        return samples.length > 0 && samples
      }, 40_000).catch((error) => {
        throw new Error(`${title}: no answer`, { cause: error })
      })
      for (const { value } of found) expect(value[1], title).not.toBe('')
    }
    const [tiles] = await ask('query', 'cryomamba_tiles_total')
    expect(Number(tiles.value[1])).toBeGreaterThan(1)
  }, 120_000)

  it('has no complaint about the figures, the settings and the alerts', async () => {
    const { body } = await server.app.inject({ url: '/metrics' })
    const own = body
      .split('\n')
      .filter((line) => /cryomamba_/.test(line))
      .join('\n')
    const run = (args: string[], input = '') => {
      const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8', cwd: HERE })
      return { status, text: `${stdout}${stderr}` }
    }
    expect(run(['check', 'metrics'], `${own}\n`)).toMatchObject({ status: 0, text: '' })
    expect(run(['check', 'config', 'prometheus.yml'])).toMatchObject({ status: 0 })
    expect(run(['check', 'rules', 'cryomamba-alerts.yml']).text).toContain('6 rules found')
  })
})
