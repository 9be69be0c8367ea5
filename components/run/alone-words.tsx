import { Siren } from 'lucide-react'
import { toldWords } from '../../lib/domain/break-glass'
import type { RunSummary } from '../../lib/domain/run/view'
import { formatTimeOfDay } from '../../lib/web/present/format'

/** One person acts alone: who, since when, why, and who outside the War Room knows of it. `where`: " in the failover". */
export function AloneWords({ alone, where = '' }: { alone: NonNullable<RunSummary['alone']>; where?: string }) {
  const at = <span className="num">{formatTimeOfDay(alone.at)}</span>
  return (
    <>
      <Siren aria-hidden />
      <b>{alone.fell ? 'BREAK-GLASS EXPIRED' : 'BREAK-GLASS'}</b>
      <span className="min-w-0 flex-1 max-md:basis-full">
        {alone.fell ? (
          <>
            {alone.by.name} used break-glass{where} at {at}. This approval is void; a new one is needed.
          </>
        ) : (
          <>
            {alone.by.name} acted alone{where} since {at}.
          </>
        )}{' '}
        Reason: {alone.reason} <span className="font-[550]">{toldWords(alone.told)}</span>
      </span>
    </>
  )
}
