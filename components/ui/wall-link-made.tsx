'use client'

import { useState } from 'react'
import type { ActionResult } from '../../lib/domain/errors'
import { useAction } from './use-action'

type MakeWallLink = (input: { label: string }) => Promise<ActionResult<{ href: string }>>

/** Makes a link to the wall and keeps its address for as long as somebody looks: it can never be shown again. */
export function useWallLink(makeLink: MakeWallLink) {
  const [href, setHref] = useState<string | null>(null)
  const make = useAction(async (input: { label: string }) => {
    const result = await makeLink(input)
    if (result.ok) setHref(result.value.href)
    return result
  })
  return { href, make }
}

/** The address of a link that was just made. */
export function WallLinkMade({ href }: { href: string }) {
  return (
    <p className="break-all rounded-[7px] border border-line-2 p-2">
      <a href={href} className="mono text-11" target="_blank" rel="noreferrer">
        {href}
      </a>
      <span className="mt-1 block text-11 text-text-3">Shown this once. Whoever has it sees the wall.</span>
    </p>
  )
}
