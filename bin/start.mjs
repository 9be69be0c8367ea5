// `npm start`: everything from a fresh clone to a live cluster. `--dev` serves the pages from their sources.
const dev = process.argv.includes('--dev')
try {
  const { install, build } = await import('./starting/prepare.mjs')
  await install()
  if (!dev) await build()
  const { register } = await import('tsx/esm/api')
  register()
  const { start } = await import('./starting/start.ts')
  await start({ dev })
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
