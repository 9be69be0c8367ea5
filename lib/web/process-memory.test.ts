// A program that we started takes memory, and so does what it starts. Both count, until they are gone.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { memoryOfTree } from './process-memory'

const hold = (mb: number) => `const held = Buffer.alloc(${mb} * 1e6, 1); setInterval(() => held.length, 1e6)`

test('the memory of a program and of what it started is told together', async () => {
  const parent = `const { spawn } = require('node:child_process'); ${hold(60)};
    spawn(process.execPath, ['-e', ${JSON.stringify(hold(90))}], { stdio: 'ignore' })`
  const child = spawn(process.execPath, ['-e', parent], { stdio: 'ignore', detached: true })
  const pid = child.pid ?? 0
  try {
    await expect.poll(() => memoryOfTree(pid), { timeout: 10_000 }).toBeGreaterThan(150e6)
    expect(memoryOfTree(pid)).toBeLessThan(400e6)
  } finally {
    const ended = once(child, 'exit')
    process.kill(-pid, 'SIGKILL')
    await ended
  }
  expect(memoryOfTree(pid)).toBe(0)
})
