/** The page as a person sees it. Only where a Chromium is installed: `apt-get install chromium`. */
import { writeFile } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { monitor } from '../../src/monitor/index.js'
import { chromiumPath, Page } from '../support/chromium.js'
import { minerSigner, validatorSigner } from '../support/hotkeys.js'
import {
  Broken,
  closeLater,
  Echo,
  listening,
  metagraph,
  newMiner,
  newValidator,
  stranger,
} from './watched.js'

/** With LEVIN_SCREENSHOTS=folder they are written there. */
const folder = process.env.LEVIN_SCREENSHOTS

let isOver = false
afterEach(() => {
  isOver = true
})

describe.skipIf(chromiumPath === undefined)('the page', () => {
  test('shows what happens, on a phone and a screen, in light and dark, and asks nobody else', async () => {
    const miner = newMiner()
    const validator = newValidator()
    const { url } = closeLater(await monitor({ miner, validator, metagraph, port: 0 }))
    const axon = await listening(miner)
    const load = (async () => {
      while (!isOver) {
        await validator.query(axon, Math.random() < 0.9 ? Echo : Broken, {}).catch(() => {})
        await turn()
      }
    })()
    await newValidator(stranger)
      .query(axon, Echo, {})
      .catch(() => {})
    const page = await Page.open()
    try {
      await page.goTo(url)
      const tile = (name: string) => page.evaluate<number>(numberOf(name))
      const answered = () => page.evaluate<number>(ANSWERED)
      await page.evaluate(shows('Echo'))
      const before = await answered()
      await page.evaluate(`new Promise((resolve) => {
        const look = () => ${ANSWERED} > ${before} ? resolve() : setTimeout(look, 50)
        look()
      })`)
      expect(await tile('calls a second')).toBeGreaterThan(0)
      const text = await page.evaluate<string>('document.body.innerText')
      for (const shown of [
        'ready',
        'not admitted',
        'Broken',
        '4,321',
        'event loop delay',
        'memory',
        'chain data',
      ])
        expect(text).toContain(shown)
      for (const { hotkey } of [minerSigner, validatorSigner]) expect(text).toContain(hotkey.slice(0, 6))

      for (const [width, height] of [
        [390, 844],
        [1280, 900],
      ] as const) {
        const backgrounds = new Set<string>()
        for (const scheme of ['light', 'dark'] as const) {
          await page.look(width, height, scheme)
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
          backgrounds.add(await page.evaluate('getComputedStyle(document.body).backgroundColor'))
          const name = `${folder}/page-${width}-${scheme}.png`
          if (folder !== undefined) await writeFile(name, await page.screenshot())
        }
        expect(backgrounds.size).toBe(2)
      }
      expect(page.urls.length).toBeGreaterThan(3)
      for (const asked of page.urls) expect(asked.startsWith(url), asked).toBe(true)
      expect(page.complaints).toEqual([])
    } finally {
      isOver = true
      await page.close()
      await load
    }
  })
})

/** Answered calls of Echo, as the table has them. */
const ANSWERED = `Number([...document.querySelectorAll('td')].find((cell) => cell.textContent === 'Echo')
  .parentElement.children[5].textContent.replaceAll(',', ''))`

/** Waits until a cell has that text. */
const shows = (text: string): string => `new Promise((resolve) => {
  const look = () => [...document.querySelectorAll('td')].some((cell) => cell.textContent === '${text}')
    ? resolve() : setTimeout(look, 50)
  look()
})`

const numberOf = (tile: string): string => `Number.parseFloat([...document.querySelectorAll('.tile')]
  .find((each) => each.firstChild.textContent === '${tile}').children[1].textContent.replaceAll(',', ''))`
