'use client'

import { DatabaseZap } from 'lucide-react'
import { useSnapshotPart } from '../../lib/queries/cluster'
import { storeNotice } from '../../lib/web/present/store'

/** Says on every page that our own store is away: what goes on without it and what does not. */
export function StoreNotice() {
  const notice = storeNotice(useSnapshotPart((snapshot) => snapshot.store))
  // The region stands before the sentence comes, so that it is read aloud when it does.
  return (
    <div role="status" className="sticky top-0 z-2">
      {notice && (
        <p className="flex items-center gap-2 border-line-1 border-b bg-surface-2 px-4 py-2 text-13 text-text-1">
          <DatabaseZap aria-hidden className="size-4 flex-none text-text-2" />
          {notice}
        </p>
      )}
    </div>
  )
}
