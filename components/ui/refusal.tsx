/** Why an action was refused, next to what asked for it; nothing while it was not. */
export function Refusal({ why, className = '' }: { why: string | null; className?: string }) {
  if (why === null) return null
  return (
    <span role="alert" className={`${className} block text-12 text-state-problem`}>
      {why}
    </span>
  )
}
