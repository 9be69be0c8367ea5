import { execFile, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'

/** For tests: the kubectl program, unmodified. Throws with one clear line when there is none. */
export function findKubectl(environment: NodeJS.ProcessEnv = process.env): string {
  const program = environment.KUBECTL_PATH ?? 'kubectl'
  try {
    execFileSync(program, ['version', '--client'], { stdio: 'ignore' })
    return program
  } catch {
    throw new Error(
      `These tests need kubectl and ${program} does not run: put it on the PATH or set KUBECTL_PATH to the program.`,
    )
  }
}

export interface Kubectl {
  /** Runs it and answers what it printed; throws with its own words when it fails. */
  (...args: string[]): Promise<string>
  /** Runs it until `until` finds what it wants in the output so far, then ends it. */
  following(until: (output: string) => boolean, ...args: string[]): Promise<string>
}

/** kubectl against the kubeconfig in a lab's data directory, with its cache there too. */
export function kubectlIn(dataDir: string): Kubectl {
  const program = findKubectl()
  const env = { ...process.env, HOME: dataDir, KUBECONFIG: join(dataDir, 'kubeconfig') }
  const run = (...args: string[]) =>
    new Promise<string>((done, fail) => {
      execFile(program, args, { env, timeout: 40_000 }, (error, stdout, stderr) => {
        if (error) fail(new Error(`kubectl ${args.join(' ')}: ${stderr || error.message}\n${stdout}`))
        else done(stdout)
      })
    })
  return Object.assign(run, {
    following: (until: (output: string) => boolean, ...args: string[]) =>
      new Promise<string>((done, fail) => {
        const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
        let output = ''
        const timer = setTimeout(() => child.kill(), 20_000)
        child.stdout.on('data', (chunk: Buffer) => {
          output += chunk.toString('utf8')
          if (until(output)) child.kill()
        })
        child.once('error', fail)
        child.once('close', () => {
          clearTimeout(timer)
          if (until(output)) done(output)
          else fail(new Error(`kubectl ${args.join(' ')} printed only:\n${output}`))
        })
      }),
  })
}
