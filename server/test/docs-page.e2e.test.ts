import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { chromium } from 'playwright-core'
import { expect, it } from 'vitest'
import { hasCompiledServer, startRealServer } from './real-server.ts'

/** Debian's package; there is no other way to a browser here. */
const CHROMIUM = '/usr/bin/chromium'

it.runIf(hasCompiledServer && existsSync(CHROMIUM))(
  'the page /docs shows every address in a real browser, under its policy, and asks nobody else',
  async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-docs-'))
    const server = await startRealServer(folder)
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
    try {
      const page = await browser.newPage()
      const complaints: string[] = []
      const hosts = new Set<string>()
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
      page.on('request', (request) => /^https?:/.test(request.url()) && hosts.add(new URL(request.url()).host))
      await page.goto(`${server.url}/docs`)
      await page.getByText('Jobs', { exact: true }).first().click()
      await page.locator('.opblock-summary', { hasText: '/v1/jobs' }).first().waitFor()
      expect(await page.locator('.opblock-tag').count()).toBeGreaterThan(7)
      expect(complaints).toEqual([])
      expect([...hosts]).toEqual([new URL(server.url).host])
    } finally {
      await browser.close()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  },
)
