import type { MetadataRoute } from 'next'

/** Makes the desk installable on a phone. It says nothing of the installation: anybody may read it. */
export default function manifest(): MetadataRoute.Manifest {
  return {
    name: 'CastMatch War Room',
    short_name: 'War Room',
    start_url: '/',
    scope: '/',
    display: 'standalone',
    background_color: '#0a0b0e',
    theme_color: '#0a0b0e',
    icons: [
      { src: '/icon.svg', type: 'image/svg+xml', sizes: 'any' },
      { src: '/icon-192.png', type: 'image/png', sizes: '192x192' },
      { src: '/icon-512.png', type: 'image/png', sizes: '512x512' },
      { src: '/icon-512.png', type: 'image/png', sizes: '512x512', purpose: 'maskable' },
    ],
  }
}
