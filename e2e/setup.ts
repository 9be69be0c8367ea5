import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Starts the whole product as a user would, on its own ports and data, and ends it afterwards. */
export default async function setup(): Promise<() => Promise<void>> {
  const port = process.env.E2E_PORT ?? '23000'
  const data = mkdtempSync(join(tmpdir(), 'warroom-e2e-'))
  const child = spawn(process.execPath, ['bin/start.mjs'], {
    env: { ...process.env, PORT: port, WARROOM_DATA: data },
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
  process.env.E2E_DATA = data
  return async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGINT')
    await ended
    rmSync(data, { recursive: true, force: true })
  }
}
