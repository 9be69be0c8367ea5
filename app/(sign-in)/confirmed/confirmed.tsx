'use client'

import { useEffect } from 'react'
import { confirmedChannel } from '@/components/people/confirm'

/** Tells the page that asked, and closes the window. */
export function Confirmed({ error }: { error: string | null }) {
  useEffect(() => {
    const channel = new BroadcastChannel(confirmedChannel)
    channel.postMessage({ error })
    channel.close()
    if (error === null) window.close()
  }, [error])
  return (
    <section className="sign-in-panel" aria-labelledby="confirmed">
      <h2 id="confirmed">{error === null ? 'Confirmed' : 'Not confirmed'}</h2>
      <p className="sign-in-hint">{error ?? 'You can close this window and continue.'}</p>
    </section>
  )
}
