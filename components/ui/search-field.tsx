import { Search } from 'lucide-react'

/** A field to search by; `label` is read by screen readers, `placeholder` says what can be typed. */
export function SearchField({
  label,
  placeholder,
  value,
  onChange,
  wide = false,
}: {
  label: string
  placeholder: string
  value: string
  onChange: (value: string) => void
  wide?: boolean
}) {
  return (
    <label className={wide ? 'timeline-search wide' : 'timeline-search'}>
      <Search aria-hidden className="size-3.5" />
      <span className="sr-only">{label}</span>
      <input value={value} placeholder={placeholder} onChange={(event) => onChange(event.target.value)} />
    </label>
  )
}
