/** @type {import('next').NextConfig} */
export default {
  // Every picture we show is our own; the optimiser would only be one more door.
  images: { unoptimized: true },
  poweredByHeader: false,
  reactStrictMode: true,
  // `npm run verify` and `npm test` check the types of the whole project; a start need not do it again.
  typescript: { ignoreBuildErrors: true },
  distDir: process.env.NEXT_DIST_DIR ?? '.next',
  // Native and driver packages are loaded as they are, never bundled.
  serverExternalPackages: ['@node-rs/argon2', 'pg', '@prisma/client', '@prisma/adapter-pg', 'pino', 'playwright-core'],
  experimental: {
    serverActions: { bodySizeLimit: '1mb' },
    // Node keeps the map of every chunk that it loads, with the sources in it: 110 MB of the web's memory once each page was
    // opened, which brought it to its limit. `NEXT_MAPS=1` before a build brings them back for whoever reads a stack.
    turbopackSourceMaps: process.env.NODE_ENV !== 'production' || process.env.NEXT_MAPS === '1',
  },
}
