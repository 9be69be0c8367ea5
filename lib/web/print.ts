import 'server-only'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { ExpectedError } from '../domain/errors'
import { memoryOfTree } from './process-memory'

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
 * Prints a page of ours as the person who asks sees it, A4 with page numbers. Their session goes to the browser over a
 * pipe, never on its command line; the browser reaches no other host than ours. One at a time: a browser is a heavy guest.
 * Throws ExpectedError when there is no browser, or it does not print in time and within the memory it may take.
 */
export async function printPage(url: string, cookie: string, footer: string): Promise<Uint8Array<ArrayBuffer>> {
  const program = findPrinter()
  if (!program)
    throw new ExpectedError('unavailable', 'There is no Chromium on this machine; print with your own browser.')
  const home = mkdtempSync(join(tmpdir(), 'warroom-print-'))
  const child = spawn(
    program,
    [
      '--headless=new',
      '--remote-debugging-pipe',
      `--user-data-dir=${home}`,
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      // Names and addresses other than ours lead nowhere, whatever the page asks for.
      `--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE ${new URL(url).hostname}`,
      '--js-flags=--max-old-space-size=256',
      // Chromium refuses its sandbox to root; the only page it opens is ours.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      'about:blank',
    ],
    {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      env: { HOME: home, PATH: process.env.PATH, NODE_ENV: process.env.NODE_ENV },
    },
  )
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
  const watch = setInterval(() => {
    if (child.pid !== undefined && memoryOfTree(child.pid) > limitBytes) child.kill('SIGKILL')
  }, lookMs)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  try {
    return await printBy(new Browser(child), url, cookie, footer)
  } catch (cause) {
    throw new ExpectedError(
      'unavailable',
      'The PDF could not be made in time; try again, or print with your own browser.',
      { cause },
    )
  } finally {
    clearTimeout(timer)
    clearInterval(watch)
    child.kill('SIGKILL')
    await ended
    rmSync(home, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function printBy(
  browser: Browser,
  url: string,
  cookie: string,
  footer: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { targetId } = await browser.ask<{ targetId: string }>('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await browser.ask<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
  const page = <T>(method: string, params: object = {}) => browser.ask<T>(method, params, sessionId)
  await page('Network.enable')
  await page('Network.setExtraHTTPHeaders', { headers: { cookie } })
  await page('Page.enable')
  await page('Emulation.setEmulatedMedia', { media: 'print' })
  await page('Page.navigate', { url })
  const expression = `new Promise((done) => {
    const look = () => document.querySelector('.report h1') && !document.querySelector('.report [aria-busy="true"]')
      ? document.fonts.ready.then(() => done(true)) : setTimeout(look, 50)
    look()
  })`
  // A navigation under way ends the evaluation of the page before it: asked again until the page itself answers.
  for (;;)
    try {
      await page('Runtime.evaluate', { expression, awaitPromise: true })
      break
    } catch (error) {
      if (browser.gone) throw error
    }
  const { data } = await page<{ data: string }>('Page.printToPDF', {
    paperWidth: 8.27,
    paperHeight: 11.69,
    marginTop: 0.6,
    marginBottom: 0.7,
    marginLeft: 0.6,
    marginRight: 0.6,
    printBackground: true,
    displayHeaderFooter: true,
    headerTemplate: '<span></span>',
    footerTemplate: `<div style="width:100%;padding:0 0.6in;font:8px sans-serif;color:#555;display:flex;justify-content:space-between"><span>${escaped(footer)}</span><span><span class="pageNumber"></span> of <span class="totalPages"></span></span></div>`,
  })
  return new Uint8Array(Buffer.from(data, 'base64'))
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** The DevTools protocol over the pipe: JSON messages, each ended by a zero byte. */
class Browser {
  gone = false
  #next = 0
  #rest = ''
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  readonly #out: Writable

  constructor(child: ChildProcess) {
    this.#out = child.stdio[3] as Writable
    this.#out.on('error', () => undefined)
    const answers = child.stdio[4] as Readable
    answers.setEncoding('utf8').on('data', (text: string) => this.#take(text))
    child.once('close', () => {
      this.gone = true
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser is gone'))
    })
    child.once('error', () => undefined)
  }

  async ask<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    this.#next += 1
    const id = this.#next
    const answer = await new Promise<unknown>((resolve, reject) => {
      if (this.gone) return reject(new Error('the browser is gone'))
      this.#waiting.set(id, { resolve, reject })
      this.#out.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })
    return answer as T
  }

  #take(text: string): void {
    const parts = (this.#rest + text).split('\0')
    this.#rest = parts.pop() ?? ''
    for (const part of parts) {
      const answer = JSON.parse(part) as { id?: number; result?: unknown; error?: { message: string } }
      const waiting = answer.id === undefined ? undefined : this.#waiting.get(answer.id)
      if (!waiting || answer.id === undefined) continue
      this.#waiting.delete(answer.id)
      if (answer.error) waiting.reject(new Error(answer.error.message))
      else waiting.resolve(answer.result)
    }
  }
}
