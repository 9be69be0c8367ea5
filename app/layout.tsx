import { GeistMono } from 'geist/font/mono'
import { GeistSans } from 'geist/font/sans'
import type { Metadata, Viewport } from 'next'
import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { parseTheme, themeCookie } from '@/components/frame/theme'
import { buildId } from '@/lib/web/build'
import { firstReading } from '@/lib/web/present/first-reading'
import './globals.css'

export const metadata: Metadata = {
  title: { default: 'CastMatch War Room', template: '%s · CastMatch War Room' },
  robots: { index: false, follow: false },
}

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  themeColor: [
    { media: '(prefers-color-scheme: dark)', color: '#0a0b0e' },
    { media: '(prefers-color-scheme: light)', color: '#f3f4f7' },
  ],
}

export default async function RootLayout({ children }: { children: ReactNode }) {
  const reading = firstReading()
  const theme = parseTheme((await cookies()).get(themeCookie)?.value)
  return (
    <html
      lang="en"
      className={`${GeistSans.variable} ${GeistMono.variable}`}
      data-at={reading?.at}
      data-zone={reading?.zone}
      data-build={buildId()}
      data-theme={theme === 'system' ? undefined : theme}
      suppressHydrationWarning
    >
      <body>{children}</body>
    </html>
  )
}
