import { Skeleton } from './panel'

/** A page of text and lists that is on its way: a heading and two panels in their places. */
export function PlainLoading() {
  return (
    <div className="desk-page flex flex-col gap-3" aria-busy="true">
      <Skeleton width={220} height={28} />
      <div className="panel h-40" />
      <div className="panel h-72" />
      <p className="sr-only" role="status">
        Loading
      </p>
    </div>
  )
}
