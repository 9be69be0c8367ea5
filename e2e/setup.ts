import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launchProduct } from './product'

/** Starts the whole product on its own ports and data, and ends it afterwards. */
export default async function setup(): Promise<() => Promise<void>> {
  const data = mkdtempSync(join(tmpdir(), 'warroom-e2e-'))
  const product = await launchProduct(Number(process.env.E2E_PORT ?? 23_000), data)
  process.env.E2E_DATA = data
  return async () => {
    await product.end()
    rmSync(data, { recursive: true, force: true })
  }
}
