import { spawn } from 'node:child_process'
import type { Page } from '@playwright/test'

/** How the browser of the machine is started, here and by benchmarks; Playwright's own is not downloaded. */
export const browserOptions = {
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
}

/** Starts the whole product as a user would, by this Node, and waits until it is live; `end` stops it as Ctrl-C does. */
export async function launchProduct(
  port: number,
  dataDir: string,
  node = process.execPath,
): Promise<{ seconds: number; end(): Promise<void> }> {
  const startedAt = performance.now()
  const child = spawn(node, ['bin/start.mjs'], {
    env: { ...process.env, PORT: String(port), WARROOM_DATA: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('is live after')) resolve()
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${output}`)))
  })
  return {
    seconds: (performance.now() - startedAt) / 1000,
    end: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGINT')
      await ended
    },
  }
}

/** Declares an incident as it is suggested; answers its address. */
export async function declareIncident(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Declare incident' }).click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Declare/ })
    .click()
  await page.waitForURL(/\/incidents\/\d+$/)
  return new URL(page.url()).pathname
}

/** Fills the form of P1, which is open, and starts it; answers the run's address. */
export async function startFailover(page: Page): Promise<string> {
  await page.waitForURL(/\/procedures\/primary-failover/)
  const mode = page.getByRole('radiogroup', { name: 'Mode' })
  const real = mode.getByRole('radio', { name: 'Real' })
  // From an incident it is chosen already; from elsewhere by the keyboard, where an arrow key chooses.
  if (!(await real.isChecked())) await mode.getByRole('radio', { name: 'Dry run' }).press('ArrowLeft', { delay: 100 })
  await mode.getByRole('radio', { name: 'Real', checked: true }).waitFor()
  await page.getByLabel('Reason (required)').fill('The writer is down and that is confirmed.')
  await page.getByLabel(/Type the name of the environment/).fill('lab')
  await page.getByText('READY', { exact: true }).waitFor({ timeout: 90_000 })
  await page.getByRole('button', { name: /Start P1/ }).click()
  await page.waitForURL(/\/runs\//)
  return new URL(page.url()).pathname
}
