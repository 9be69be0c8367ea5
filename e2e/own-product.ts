import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launchProduct } from './product'
import { test } from './test'

/** Beside the product of all specs: its ports end below these. */
const port = Number(process.env.E2E_PORT ?? 23_000) + 40

/**
 * A product and a lab of this file alone, for what changes a lab for good: the next spec finds the one of all specs untouched. Its
 * people sign in there, and `lab` and `sql` speak to it.
 */
export function withOwnProduct(): void {
  test.use({ baseURL: `http://localhost:${port}` })
  const before = process.env.E2E_DATA
  let data = ''
  let product: Awaited<ReturnType<typeof launchProduct>> | null = null
  test.beforeAll(async () => {
    test.setTimeout(180_000)
    data = mkdtempSync(join(tmpdir(), 'warroom-e2e-own-'))
    product = await launchProduct(port, data)
    process.env.E2E_DATA = data
  })
  test.afterAll(async () => {
    test.setTimeout(60_000)
    process.env.E2E_DATA = before
    await product?.end()
    if (data) rmSync(data, { recursive: true, force: true })
  })
}
