// Outlives its parent by a moment: when the pipe closes, for whatever reason, it ends the servers it was told about.
// Plain JavaScript, so that it starts at once and holds little memory.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const pids = new Set()

function signal(pid, name) {
  try {
    process.kill(pid, name)
    return true
  } catch {
    return false
  }
}

function children(pid) {
  if (process.platform !== 'linux')
    return execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .filter(([, parent]) => parent === pid)
      .map(([child]) => child)
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, 'latin1')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid
      } catch {
        return false
      }
    })
    .map(Number)
}

async function endAll() {
  for (const pid of pids) {
    // A frozen server hears nothing but SIGCONT.
    for (const child of children(pid)) signal(child, 'SIGCONT')
    signal(pid, 'SIGCONT')
    signal(pid, 'SIGQUIT')
  }
  const deadline = Date.now() + 2000
  while (Date.now() < deadline && [...pids].some((pid) => signal(pid, 0)))
    await new Promise((done) => setTimeout(done, 50))
  for (const pid of pids) {
    for (const child of children(pid)) signal(child, 'SIGKILL')
    signal(pid, 'SIGKILL')
  }
  process.exit(0)
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {})
const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const [verb, pid] = line.split(' ')
  if (verb === 'add') pids.add(Number(pid))
  if (verb === 'remove') pids.delete(Number(pid))
})
lines.on('close', () => void endAll())
