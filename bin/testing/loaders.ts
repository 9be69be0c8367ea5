import { readdirSync, readFileSync } from 'node:fs'

/** Loading programs that this process started. */
export function loadersOf(of: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
        return Number(parent) === of && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('load-backup.ts')
      } catch {
        return false
      }
    })
    .map(Number)
}
export const isAlive = (pid: number) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
