import { firstReading } from '../../lib/web/present/first-reading'
import { formatTimeOfDay } from '../../lib/web/present/format'

/** Says where scripts are off that the page stands still, and in which zone its times are. */
export function WithoutScripts() {
  const reading = firstReading()
  return (
    <noscript>
      <p className="border-line-1 border-b bg-surface-2 px-4 py-2 text-13 text-text-1">
        Scripts are off, so this page does not update
        {reading && `: it shows ${formatTimeOfDay(reading.at)} (${reading.zone})`}. Reload it for newer facts.
      </p>
    </noscript>
  )
}
