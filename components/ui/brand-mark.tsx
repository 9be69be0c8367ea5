/** The hexagon with its eye. */
export function BrandMark({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" aria-hidden="true" className="flex-none">
      <path
        d="M10 1.5 17.5 5.8v8.4L10 18.5 2.5 14.2V5.8z"
        fill="none"
        stroke="var(--accent)"
        strokeWidth="1.5"
        strokeLinejoin="round"
      />
      <circle cx="10" cy="10" r="2.75" fill="var(--accent)" />
    </svg>
  )
}
