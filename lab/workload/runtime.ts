import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { PodRuntime } from '../kubernetes/runtime'
import type { Ledger } from './ledger'

type WorkerMessage =
  | { type: 'log'; line: string }
  | { type: 'ready'; ready: boolean; reason: string }
  | { type: 'acknowledged'; n: number; at: number; ms: number }
  | { type: 'failed'; n: number; at: number; ms: number; reason: string }

const worker = join(import.meta.dirname, 'worker.mjs')
const graceMs = 3000
/** The only image that the lab can run. */
export const apiImage = 'castmatch/api'

/** Runs each container as a process of its own; its password travels in the environment, never in the arguments. */
export function workloadRuntime(ledger: Ledger): PodRuntime {
  return (pod, listener) => {
    if (pod.image.split(':')[0] !== apiImage)
      throw new Error(`Failed to pull image "${pod.image}": not found; the lab holds only ${apiImage}`)
    const child = fork(worker, {
      env: { ...pod.env, WRITER: pod.writer, ...(pod.once && { ONCE: '1' }), NODE_ENV: 'production' },
      // A pod is a small thing: six of them must not weigh more than the product.
      execArgv: ['--max-old-space-size=32', '--max-semi-space-size=1', '--single-threaded-gc'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: false,
    })
    let kill: NodeJS.Timeout | null = null
    child.stderr?.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString('utf8').split('\n')) if (line) listener.log(line)
    })
    child.on('message', (message: WorkerMessage) => {
      switch (message.type) {
        case 'log':
          return listener.log(message.line)
        case 'ready':
          return listener.ready(message.ready, message.reason)
        case 'acknowledged':
          return ledger.acknowledge(pod.region, pod.writer, message.n, message.at, message.ms)
        case 'failed':
          return ledger.fail(pod.region, message.at, message.ms)
      }
    })
    let gone = false
    const ended = (code: number) => {
      if (gone) return
      gone = true
      if (kill) clearTimeout(kill)
      listener.exited(code)
    }
    child.once('error', (error) => {
      listener.log(`could not start: ${error.message}`)
      ended(127)
    })
    // 'close' comes after the last message of the pipe, so that no acknowledgement is missed.
    child.once('close', (code) => ended(code ?? 137))
    return {
      pid: child.pid,
      stop: () => {
        child.kill('SIGTERM')
        kill ??= setTimeout(() => child.kill('SIGKILL'), graceMs)
      },
    }
  }
}
