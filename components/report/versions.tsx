'use client'

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ReportSectionView } from '../../lib/domain/incident/view'
import { utcWords } from '../../lib/domain/units'
import { sectionVersionsQuery } from '../../lib/queries/report'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Labelled } from '../ui/labelled'
import { Markdown } from '../ui/markdown'

/** What a section said before, newest first. Taking one back saves it as the next version; nothing is ever removed. */
export default function Versions({
  number,
  section,
  take,
}: {
  number: number
  section: ReportSectionView
  take: ((text: string) => void) | null
}) {
  const { data, error } = useQuery(sectionVersionsQuery(number, section.key, section.version))
  const [chosen, setChosen] = useState<number | null>(null)
  const shown = data?.find(({ version }) => version === chosen) ?? data?.[0]
  if (error)
    return (
      <p role="alert" className="text-13 text-state-problem">
        {error.message}
      </p>
    )
  if (!data || !shown) return <p className="text-13 text-text-3">Reading…</p>
  return (
    <div className="flex flex-col gap-3">
      <Labelled label="Version">
        <select
          className="incident-input"
          value={shown.version}
          onChange={(event) => setChosen(Number(event.target.value))}
        >
          {data.map(({ version, savedAt, savedBy }) => (
            <option key={version} value={version}>
              {version}: {savedBy.name}, {formatTimeOfDay(savedAt)}
            </option>
          ))}
        </select>
      </Labelled>
      <p className="text-12 text-text-3">
        Saved by {shown.savedBy.name}, <span className="num">{utcWords(shown.savedAt)}</span>.
      </p>
      <div className="report-version">
        <Markdown text={shown.text.trim() ? shown.text : 'Nothing.'} />
      </div>
      {take && (
        <Button className="self-end" disabled={shown.version === section.version} onClick={() => take(shown.text)}>
          Restore this version
        </Button>
      )}
    </div>
  )
}
