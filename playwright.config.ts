import { defineConfig } from '@playwright/test'
import { browserOptions } from './e2e/product'

// A port and a data directory of its own, so that a running copy is not disturbed.
const port = Number(process.env.E2E_PORT ?? 23_000)

export default defineConfig({
  testDir: 'e2e',
  // `npm run test:long` sets the first, `npm test` leaves those out; by hand all are there.
  testMatch: process.env.E2E_LONG === '1' ? '**/*.long.spec.ts' : '**/*.spec.ts',
  testIgnore: process.env.E2E_LONG === '' ? '**/*.long.spec.ts' : [],
  outputDir: '.data/e2e/results',
  fullyParallel: false,
  workers: 1,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  globalSetup: './e2e/setup.ts',
  reporter: process.env.PLAYWRIGHT_JSON_OUTPUT_NAME ? [['line'], ['json']] : [['line']],
  use: {
    baseURL: `http://localhost:${port}`,
    viewport: { width: 1440, height: 900 },
    // Without pictures of every frame: taking them costs more than all the rest.
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: true },
    screenshot: 'only-on-failure',
    launchOptions: browserOptions,
  },
})
