import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import next from 'next'
import type { Figure } from './figure'
import { startProduct } from './product'
import { Visitor } from './visitor'

const root = join(import.meta.dirname, '..')

/** Gzipped bytes of all scripts that a page's HTML asks for. */
async function firstLoad(fetchPath: (path: string) => Promise<Response>, page: string): Promise<number> {
  const html = await (await fetchPath(page)).text()
  const scripts = new Set(
    [...html.matchAll(/<script[^>]+src="([^"]+\.js[^"]*)"(?![^>]*noModule)/gi)].map((m) => m[1] ?? ''),
  )
  if (!scripts.size) throw new Error(`${page} names no script`)
  let bytes = 0
  for (const script of scripts) bytes += gzipSync(Buffer.from(await (await fetchPath(script)).arrayBuffer())).length
  return bytes
}

/** The smallest page that the same Next version builds, inside the project so that it finds the same packages. */
async function emptyPage(): Promise<number> {
  const dir = join(root, '.data/bench-empty')
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(join(dir, 'app'), { recursive: true })
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  writeFileSync(join(dir, 'next.config.js'), `export default { turbopack: { root: ${JSON.stringify(root)} } }`)
  writeFileSync(
    join(dir, 'app/layout.jsx'),
    'export default ({ children }) => <html lang="en"><body>{children}</body></html>',
  )
  writeFileSync(join(dir, 'app/page.jsx'), 'export default () => <p>empty</p>')
  const child = spawn(process.execPath, [join(root, 'node_modules/next/dist/bin/next'), 'build', dir], {
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Error('the empty page did not build')
  const app = next({ dev: false, dir, hostname: '127.0.0.1', port: 24_290 })
  await app.prepare()
  const server = createServer(app.getRequestHandler())
  await new Promise<void>((resolve) => server.listen(24_290, '127.0.0.1', resolve))
  try {
    return await firstLoad((path) => fetch(`http://127.0.0.1:24290${path}`), '/')
  } finally {
    server.closeAllConnections()
    server.close()
    await app.close()
  }
}

const pages = [
  ['Situation', '/'],
  // Its scripts are the same whether there is such an incident or not.
  ['an incident', '/incidents/1'],
] as const

/** First-load JavaScript of the pages that people open in an emergency, against an empty page of the same Next version. */
export async function run(): Promise<Figure[]> {
  const theirs = await emptyPage()
  const product = await startProduct(Number(process.env.PORT ?? 24_200))
  try {
    const visitor = await new Visitor(product.url).signIn('viewer')
    const figures: Figure[] = []
    for (const [name, path] of pages) {
      const ours = await firstLoad((wanted) => visitor.fetch(wanted), path)
      figures.push({
        bench: 'weight',
        metric: `first-load JavaScript of ${name}, gzip`,
        ours: Math.round(ours / 1024),
        theirs: Math.round(theirs / 1024),
        unit: 'KB',
        n: 1,
        goal: '<= 1.4x an empty page',
        met: ours <= 1.4 * theirs,
      })
    }
    return figures
  } finally {
    await product.stop()
  }
}
