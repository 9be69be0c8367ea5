'use client'

import { RotateCw } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { startTransition, useCallback, useEffect, useRef } from 'react'
import { Button } from '@/components/ui/button'
import { StateWord } from '@/components/ui/state'
import { useSnapshotPart } from '@/lib/queries/cluster'
import { storePageNotice } from '@/lib/web/present/store'

/** A page that failed: what happened, what it means for a recovery, and what to do next. */
export default function DeskError({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  const router = useRouter()
  const store = useSnapshotPart((snapshot) => snapshot.store)
  const storeAway = storePageNotice(store)
  const again = useCallback(
    // The server's part is asked for anew; `reset` alone would show the same failure.
    () =>
      startTransition(() => {
        router.refresh()
        reset()
      }),
    [router, reset],
  )
  const wasAway = useRef(false)
  useEffect(() => {
    if (wasAway.current && store?.ok) again()
    wasAway.current = store !== null && !store.ok
  }, [store, again])
  return (
    <div className="flex h-full items-center justify-center p-6">
      <div className="panel max-w-[520px] gap-3 p-6" role="alert">
        <StateWord state="problem" />
        <h1 className="font-semibold text-20">This page could not be shown</h1>
        <p className="text-text-2">
          {storeAway ??
            'The collector and all runs continue. Reload this page. If it fails again, report the reference to an operator.'}
        </p>
        {error.digest && (
          <p className="text-12 text-text-3">
            Reference <span className="mono select-all text-text-1">{error.digest}</span>
          </p>
        )}
        <div>
          <Button look="go" onClick={again}>
            <RotateCw aria-hidden />
            Reload this page
          </Button>
        </div>
      </div>
    </div>
  )
}
