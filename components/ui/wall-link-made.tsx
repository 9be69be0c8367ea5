'use client'

import { useState } from 'react'
import { utcWords } from '../../lib/domain/units'
import { defaultWallLinkDays, type WallLinkDays, wallLinkDays } from '../../lib/domain/wall/link'
import type { MakeWallLink } from '../../lib/web/present/actions'
import { formatDay } from '../../lib/web/present/format'
import { useAction } from './use-action'

type MadeWallLink = Extract<Awaited<ReturnType<MakeWallLink>>, { ok: true }>['value']

/** Makes a link to the wall and keeps its address for as long as somebody looks: it can never be shown again. */
export function useWallLink(makeLink: MakeWallLink) {
  const [made, setMade] = useState<MadeWallLink | null>(null)
  const [days, setDays] = useState<WallLinkDays>(defaultWallLinkDays)
  const make = useAction(async (input: Parameters<MakeWallLink>[0]) => {
    const result = await makeLink(input)
    if (result.ok) setMade(result.value)
    return result
  })
  return { made, make, days, setDays }
}

/** For how long a new link opens the wall. */
export function WallLinkDaysField({ days, onChange }: { days: WallLinkDays; onChange: (days: WallLinkDays) => void }) {
  return (
    <label className="flex items-center gap-2 whitespace-nowrap text-12 text-text-2">
      Expires after
      <select
        className="h-8 rounded-2 border border-line-3 bg-inset px-2 text-13 text-text-1"
        value={days}
        onChange={(event) => {
          const chosen = wallLinkDays.find((option) => option === Number(event.target.value))
          if (chosen) onChange(chosen)
        }}
      >
        {wallLinkDays.map((option) => (
          <option key={option} value={option}>
            {option === 1 ? '1 day' : `${option} days`}
          </option>
        ))}
      </select>
    </label>
  )
}

/** The address of a link that was just made. */
export function WallLinkMade({ made }: { made: MadeWallLink }) {
  return (
    <p className="break-all rounded-[7px] border border-line-2 p-2">
      <a href={made.href} className="mono text-11" target="_blank" rel="noreferrer">
        {made.href}
      </a>
      <span className="mt-1 block break-normal text-11 text-text-3">
        Shown only once. Anyone with this link can view the wall until{' '}
        <span className="num" title={utcWords(made.expiresAt)}>
          {formatDay(made.expiresAt)}
        </span>
        .
      </span>
    </p>
  )
}
