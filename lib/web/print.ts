import 'server-only'
import { existsSync } from 'node:fs'
import type { Browser, BrowserServer, BrowserType } from 'playwright-core'
import { ExpectedError } from '../domain/errors'
import { memoryOfTree } from './process-memory'

/** How a page of ours is printed: on which paper, and in the zone (IANA name) of whoever reads it. */
export interface Sheet {
  paper: 'a4' | 'letter'
  zone: string
}

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
/** A page that is not printed after this long is given up, ms. */
const limitMs = 30_000

/** The headless browser that makes PDFs, or null when this machine has none: then the reader's own browser prints. */
export function findPrinter(): string | null {
  const named = process.env.CHROMIUM_PATH
  if (named) return existsSync(named) ? named : null
  return places.find((place) => existsSync(place)) ?? null
}

/** A browser that takes more memory than this is ended, bytes: a page of ours takes less than half of it. */
const limitBytes = 700e6
const lookMs = 500

/**
 * Prints a page of ours as the person who asks sees it, with page numbers, in their zone and on the paper that they ask for. Their session never goes on the browser's command
 * line; the browser reaches no other host than ours. One at a time: a browser is a heavy guest.
 * Throws ExpectedError when there is no browser, or it does not print in time and within the memory it may take.
 */
export async function printPage(
  url: string,
  cookie: string,
  { footer, ...sheet }: Sheet & { footer: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const program = findPrinter()
  if (!program)
    throw new ExpectedError('unavailable', 'Chromium is not installed on the server. Print with your own browser.')
  let server: BrowserServer | null = null
  let watch: NodeJS.Timeout | undefined
  const until = Date.now() + limitMs
  try {
    // Loaded only where something is printed.
    const { chromium } = await import('playwright-core')
    const started = await startBrowser(chromium, program, new URL(url).hostname)
    server = started
    watch = setInterval(() => {
      const { pid } = started.process()
      if (Date.now() > until || (pid !== undefined && memoryOfTree(pid) > limitBytes)) void started.kill()
    }, lookMs)
    return await printBy(await chromium.connect(started.wsEndpoint(), { timeout: limitMs }), url, cookie, {
      footer,
      ...sheet,
    })
  } catch (cause) {
    throw new ExpectedError('unavailable', 'The PDF timed out. Try again, or print with your own browser.', { cause })
  } finally {
    clearInterval(watch)
    await server?.kill()
  }
}

/** As a server on loopback at a secret path: only so does the browser tell its process, and can be ended at any time. */
async function startBrowser(chromium: BrowserType, executablePath: string, ownHost: string): Promise<BrowserServer> {
  return await chromium.launchServer({
    executablePath,
    host: '127.0.0.1',
    timeout: limitMs,
    // Chromium refuses its sandbox to root; the only page it opens is ours.
    chromiumSandbox: process.getuid?.() !== 0,
    // The web ends itself; a signal to it must not wait for a browser.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    args: [
      // Names and addresses other than ours lead nowhere, whatever the page asks for.
      `--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE ${ownHost}`,
      '--js-flags=--max-old-space-size=256',
    ],
    env: { PATH: process.env.PATH ?? '' },
  })
}

async function printBy(
  browser: Browser,
  url: string,
  cookie: string,
  { footer, paper, zone }: Sheet & { footer: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const page = await browser.newPage({ extraHTTPHeaders: { cookie }, timezoneId: zone })
  await page.emulateMedia({ media: 'print' })
  await page.goto(url, { timeout: limitMs })
  await page.waitForSelector('.report h1', { state: 'attached', timeout: limitMs })
  await page.waitForSelector('.report [aria-busy="true"]', { state: 'detached', timeout: limitMs })
  await page.evaluate('document.fonts.ready.then(() => true)')
  const pdf = await page.pdf({
    format: paper === 'letter' ? 'Letter' : 'A4',
    margin: { top: '0.6in', bottom: '0.7in', left: '0.6in', right: '0.6in' },
    printBackground: true,
    displayHeaderFooter: true,
    headerTemplate: '<span></span>',
    footerTemplate: `<div style="width:100%;padding:0 0.6in;font:8px sans-serif;color:#555;display:flex;justify-content:space-between"><span>${escaped(footer)}</span><span><span class="pageNumber"></span> of <span class="totalPages"></span></span></div>`,
  })
  return new Uint8Array(pdf)
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
