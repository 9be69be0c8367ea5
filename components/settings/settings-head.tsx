import Link from 'next/link'
import './settings.css'

const places = [
  { key: 'settings', href: '/settings', label: 'Settings' },
  { key: 'audit', href: '/settings/audit', label: 'Audit trail' },
] as const

/** The head of the settings' pages, with the way to the other one. */
export function SettingsHead({ here }: { here: (typeof places)[number]['key'] }) {
  return (
    <div className="flex flex-wrap items-baseline gap-x-4 gap-y-1">
      <h1 className="font-semibold text-20">{places.find(({ key }) => key === here)?.label}</h1>
      <nav aria-label="Settings" className="settings-places">
        {places
          .filter(({ key }) => key !== here)
          .map(({ key, href, label }) => (
            <Link key={key} href={href}>
              {label}
            </Link>
          ))}
      </nav>
    </div>
  )
}
