import Link from 'next/link'
import { StateWord } from '@/components/ui/state'

export default function NotFound() {
  return (
    <div className="flex min-h-dvh items-center justify-center p-6">
      <div className="panel max-w-[480px] gap-3 p-6">
        <StateWord state="unknown" word="NOT FOUND" />
        <h1 className="font-semibold text-20">There is no page at this address</h1>
        <p className="text-text-2">The link may be old, or what it led to never existed here.</p>
        <div>
          <Link href="/" className="btn">
            Go to Situation
          </Link>
        </div>
      </div>
    </div>
  )
}
