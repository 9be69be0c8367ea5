import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface Stage {
  origin: string
  config: string
  password: string
  /** Path of the run that waits for approval. */
  run: string
  /** Lets everybody's last proof of who they are grow old. */
  age(): Promise<void>
  /** How often the switch was thrown. */
  thrown(): Promise<number>
  end(): Promise<void>
}

/**
 * Starts stage.ts as a child; its pages are those that were built. Approvals take a passkey, or a fresh sign-in: by password, or in a
 * lab by one click.
 */
export async function startStage(where: 'sign-in' | 'passkey' | 'lab'): Promise<Stage> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'e2e/stage.ts', where], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const said: ((line: Record<string, unknown>) => void)[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('stage ')) said.shift()?.(JSON.parse(line.slice(6)))
  })
  const next = () =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      said.push(resolve)
      child.once('exit', (code) => reject(new Error(`The stage ended with ${code}`)))
    })
  const ask = async (what: string) => {
    const answer = next()
    child.stdin.write(`${what}\n`)
    return await answer
  }
  const { origin, config, password, run } = (await next()) as unknown as Stage
  return {
    origin,
    config,
    password,
    run,
    age: async () => void (await ask('age')),
    thrown: async () => Number((await ask('look')).thrown),
    async end() {
      const ended = once(child, 'exit')
      child.stdin.end()
      await ended
    },
  }
}
