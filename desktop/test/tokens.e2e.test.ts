import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, SAMPLE, volumeShown } from './desktop-app.ts'
import { runCli } from './run-cli.ts'
import { connectTo } from './run-flow.ts'
import { type ServerProcess, startServer } from './server-process.ts'

interface Token {
  token: string
  token_id: string
}

let server: ServerProcess
let desktop: DesktopApp
const tokens: Token[] = []

beforeAll(async () => {
  server = await startServer({ env: { CRYOMAMBA_THREADS: '1' } })
  for (const _ of [1, 2, 3]) tokens.push(await ofServer('create', '--user', 'anna', '--days', '1'))
  desktop = await launchDesktop([SAMPLE])
  await volumeShown(desktop, 'sample.mrc')
  await connectTo(desktop, { url: server.url, token: tokens[0].token })
})
afterAll(async () => {
  await desktop?.close()
  await server?.stop()
})

async function ofServer(...words: string[]) {
  const { code, out, err } = await runCli(['token', ...words, '--data', server.data, '--json'])
  expect(code, err).toBe(0)
  return JSON.parse(out)
}

const logged = (text: string) => desktop.page.getByTestId('run-log').getByText(text).waitFor({ timeout: 90_000 })

describe('a token that ends while a run goes on', () => {
  it('is replaced without a stop by the one that was entered before', async () => {
    const { page } = desktop
    // The server looks at the token of a live channel every 25 s: the run goes on for longer.
    await page.getByText('Parameters').click()
    await page.getByLabel('Step', { exact: true }).fill('0.1')
    await page.getByLabel('Step', { exact: true }).press('Enter')
    await page.getByText('Parameters · 1 changed').click()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.locator('[data-testid=run][data-phase=running]').waitFor()
    await page.getByText('Another token').click()
    await page.getByLabel('New token').fill(tokens[1].token)
    await desktop.screenshot('70-another-token')
    await page.getByRole('button', { name: 'Use it' }).click()
    await expect.poll(() => page.getByLabel('New token').inputValue()).toBe('')
    await ofServer('revoke', tokens[0].token_id)
    await page.getByText('Log', { exact: true }).click()
    await logged('The connection is back.')
    expect(await page.locator('[data-testid=run][data-phase=running]').count()).toBe(1)
  })

  it('makes the run wait where there is no other, and the one that is entered then lets it go on', async () => {
    const { page } = desktop
    await ofServer('revoke', tokens[1].token_id)
    await page.locator('[data-testid=run][data-phase=waiting]').waitFor({ timeout: 90_000 })
    await page.locator('[data-testid=connected][data-lost=true]').waitFor()
    await page.getByLabel('New token').fill('wrong')
    await page.getByRole('button', { name: 'Use it' }).click()
    await page.locator('[data-testid=connection-result][data-code=unauthorized]').waitFor()
    await desktop.screenshot('71-token-ended')
    await page.getByLabel('New token').fill(tokens[2].token)
    await page.getByRole('button', { name: 'Use it' }).click()
    await page.locator('[data-testid=connected][data-lost=false]').waitFor()
    await page.locator('[data-testid=run][data-phase=running]').waitFor()
    await page.getByTestId('run').getByRole('button', { name: 'Cancel' }).click()
    await page.locator('[data-testid=run][data-phase=canceled]').waitFor()
  })

  it('reported no error and no violation of its policy', () => {
    expect(desktop.complaints).toEqual([])
  })
})
