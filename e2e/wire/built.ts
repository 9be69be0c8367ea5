import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the build says that there is to be asked for. */
interface Built {
  /** Paths with their parameters in brackets, as Next names them. */
  pages: string[]
  routes: string[]
  /** `settings/actions.ts changeRole`, with the id under which it is called and a page on which it is. */
  actions: { name: string; id: string; page: string }[]
}

const read = (file: string) =>
  JSON.parse(readFileSync(join(process.env.NEXT_DIST_DIR ?? '.next', file), 'utf8')) as Record<string, unknown>

/** Reads the manifests of the pages that run. */
export function built(): Built {
  const paths = Object.entries(read('app-path-routes-manifest.json') as Record<string, string>)
  const actions = Object.entries(
    read('server/server-reference-manifest.json').node as Record<
      string,
      { filename: string; exportedName: string; workers: Record<string, unknown> }
    >,
  )
  const pathOf = (key: string) => paths.find(([name]) => name === key.replace(/^app/, ''))?.[1]
  return {
    pages: paths.flatMap(([key, path]) => (key.endsWith('/page') ? [path] : [])),
    routes: paths.flatMap(([key, path]) => (key.endsWith('/route') ? [path] : [])),
    actions: actions.map(([id, { filename, exportedName, workers }]) => {
      const page = Object.keys(workers)
        .filter((worker) => worker.endsWith('/page'))
        .map(pathOf)
        .find((path) => path !== undefined)
      if (page === undefined) throw new Error(`${filename} ${exportedName} is on no page`)
      return { name: `${filename.replace(/^app\/(\([^)]*\)\/)?/, '')} ${exportedName}`, id, page }
    }),
  }
}

/** A path with something in the place of its parameters, none of which exists. */
export const filled = (path: string): string => path.replaceAll(/\[(?:\.\.\.)?([^\]]+)\]/g, '999999')
