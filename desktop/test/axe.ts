import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export interface Finding {
  id: string
  impact: string
  targets: string[]
}

/** Serious and critical findings of axe in what the window shows now. */
export async function seriousFindings(page: Page): Promise<Finding[]> {
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { target: unknown[] }[] }[] }> }
    }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, impact, nodes }) => ({ id, impact, targets: nodes.map(({ target }) => String(target)) }))
  })
}

/** Controls that Tab does not come to, and ones without a name; both as they are written in the page. */
export interface KeyboardGaps {
  numControls: number
  unreached: string[]
  unnamed: string[]
}

const CONTROLS = 'button, input, select, textarea, summary, a[href], canvas, [tabindex], [role=button], [role=slider]'

/** Goes through the window by Tab until it comes round. Of a group of radio buttons one is enough: arrows reach the others. */
export async function keyboardGaps(page: Page): Promise<KeyboardGaps> {
  const numControls = await page.evaluate((controls) => {
    const noted = window as unknown as { wanted: HTMLElement[]; reached: Set<Element> }
    const isShown = (one: HTMLElement) => one.checkVisibility({ visibilityProperty: true, opacityProperty: false })
    noted.wanted = [...document.querySelectorAll<HTMLElement>(controls)].filter(
      (one) => isShown(one) && !one.matches(':disabled') && !one.closest('[inert]'),
    )
    noted.reached = new Set()
    ;(document.activeElement as HTMLElement | null)?.blur()
    return noted.wanted.length
  }, CONTROLS)
  for (let i = 0; i < numControls + 5; i++) {
    await page.keyboard.press('Tab')
    await page.evaluate(() => {
      const { reached } = window as unknown as { reached: Set<Element> }
      if (document.activeElement) reached.add(document.activeElement)
    })
  }
  return page.evaluate(() => {
    const { wanted, reached } = window as unknown as { wanted: HTMLElement[]; reached: Set<Element> }
    const isRadio = (one: Element): one is HTMLInputElement => one instanceof HTMLInputElement && one.type === 'radio'
    const isReached = (one: HTMLElement) =>
      reached.has(one) || (isRadio(one) && [...reached].some((other) => isRadio(other) && other.name === one.name))
    const nameOf = (one: HTMLElement) => {
      const of = (ids: string | null) => ids?.split(' ').map((id) => document.getElementById(id)?.textContent ?? '')
      const labels = [...((one as HTMLInputElement).labels ?? [])].map((label) => label.textContent)
      const words = [one.getAttribute('aria-label'), ...(of(one.getAttribute('aria-labelledby')) ?? []), ...labels]
      const own = one.matches('input, select, textarea, canvas') ? '' : one.textContent
      return [...words, own, one.title].join('').trim()
    }
    const shown = (one: HTMLElement) => one.outerHTML.slice(0, 120)
    return {
      numControls: wanted.length,
      unreached: wanted.filter((one) => one.isConnected && !isReached(one)).map(shown),
      unnamed: wanted.filter((one) => one.isConnected && nameOf(one) === '').map(shown),
    }
  })
}
