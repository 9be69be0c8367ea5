'use client'

import { Check, Copy } from 'lucide-react'
import { useCallback, useEffect, useState } from 'react'
import { formatDigest } from '../../lib/web/present/format'
import { Button } from '../ui/button'

/** The command that stands for the call, word for word, with its digest. `c` copies the one that asks for the key. */
export function CommandBlock({ cli, digest, hotkey = false }: { cli: string; digest?: string; hotkey?: boolean }) {
  const [copied, setCopied] = useState(false)
  const copy = useCallback(async () => {
    await navigator.clipboard.writeText(cli)
    setCopied(true)
  }, [cli])
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 1500)
    return () => clearTimeout(timer)
  }, [copied])
  useEffect(() => {
    if (!hotkey) return
    const onKey = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof HTMLElement && event.target.closest('input, textarea, select, [contenteditable]')
      if (event.key === 'c' && !event.metaKey && !event.ctrlKey && !event.altKey && !typing) void copy()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [hotkey, copy])
  return (
    <div className="command">
      <div className="command-head">
        {digest && (
          <span title={digest}>
            digest <span className="mono">{formatDigest(digest)}</span>
          </span>
        )}
        <Button look="ghost" size="s" onClick={copy} aria-label={copied ? 'Copied' : 'Copy the command'}>
          {copied ? <Check aria-hidden /> : <Copy aria-hidden />}
          {hotkey && <span className="kbd">c</span>}
        </Button>
      </div>
      <pre tabIndex={0}>{cli}</pre>
    </div>
  )
}
