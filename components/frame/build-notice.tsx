'use client'

import { useEffect } from 'react'
import { useFeedState } from '../../lib/queries/feed-state'
import { Button } from '../ui/button'
import { keepTyped, restoreTyped } from './typed'

/** Says that another version answers than the one that made this page. Its actions may no longer be understood. */
export function BuildNotice() {
  const { build } = useFeedState()
  useEffect(restoreTyped, [])
  const older = build !== null && build !== document.documentElement.dataset.build
  return (
    <div role="status" className="sticky top-0 z-2">
      {older && (
        <p className="flex flex-wrap items-center gap-2 border-line-1 border-b bg-surface-2 px-4 py-2 text-13 text-text-1">
          The War Room was updated. This page is from the previous version and may not work.
          <Button
            size="s"
            look="go"
            onClick={() => {
              keepTyped()
              window.location.reload()
            }}
          >
            Reload and keep my text
          </Button>
        </p>
      )}
    </div>
  )
}
