import { readdirSync, readFileSync } from 'node:fs'

const pageBytes = 4096

/**
 * Memory of a process and all that it started, bytes, without what they share with each other. 0 where the system does not
 * tell (Linux does, by /proc), and for what is gone.
 */
export function memoryOfTree(pid: number): number {
  const tree = [pid]
  for (const one of tree) tree.push(...childrenOf(one))
  return tree.reduce((sum, one) => sum + ownBytes(one), 0)
}

/** A process's children stand with the thread that started each. */
function childrenOf(pid: number): number[] {
  return list(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  )
}

function ownBytes(pid: number): number {
  const [, resident = 0, shared = 0] = read(`/proc/${pid}/statm`).split(' ').map(Number)
  return (resident - shared) * pageBytes
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
