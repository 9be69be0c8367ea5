import Link from 'next/link'
import { StateWord } from './state'

/** Nothing stands at an address: what was looked for, why it may be missing, and where to go instead. */
export function NotFound({
  title,
  why,
  to,
  whole = false,
}: {
  title: string
  why: string
  to: { href: string; label: string }
  /** It is the whole window, without the desk's frame. */
  whole?: boolean
}) {
  return (
    <div className={`flex items-center justify-center p-6 ${whole ? 'min-h-dvh' : 'h-full'}`}>
      <div className="panel max-w-[480px] gap-3 p-6">
        <StateWord state="unknown" word="NOT FOUND" />
        <h1 className="font-semibold text-20">{title}</h1>
        <p className="text-text-2">{why}</p>
        <div>
          <Link href={to.href} className="btn">
            {to.label}
          </Link>
        </div>
      </div>
    </div>
  )
}
