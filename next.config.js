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
  experimental: { serverActions: { bodySizeLimit: '1mb' } },
}
