'use client'

import { type MouseEvent, useState } from 'react'
import { toastError } from '../ui/toast'

const unanswered = 'The War Room did not respond. Try again.'

/**
 * A link to a file that is made when it is asked for. What is refused is said in place: a download that fails in the browser
 * does not show why. Without scripts it is a plain link.
 */
export function ExportLink({ href, children }: { href: string; children: string }) {
  const [busy, setBusy] = useState(false)
  const take = async (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    if (busy) return
    setBusy(true)
    try {
      const response = await fetch(href)
      if (response.ok) save(await response.blob(), nameIn(response))
      else toastError(((await response.json()) as { error?: string }).error ?? unanswered)
    } catch {
      toastError(unanswered)
    } finally {
      setBusy(false)
    }
  }
  return (
    <a className="btn" data-size="s" href={href} download aria-busy={busy} onClick={(event) => void take(event)}>
      {busy ? `${children}...` : children}
    </a>
  )
}

const nameIn = (response: Response) =>
  /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? 'report'

function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file)
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
