import { Skeleton } from './panel'

/** The places of a page of text and lists that is on its way: a heading and two panels. */
export function ListPlaces({ report = false }: { report?: boolean }) {
  return (
    <div className={report ? 'report' : 'list-page'} aria-busy="true">
      <Skeleton width={220} height={28} />
      <div className="panel h-40" />
      <div className="panel h-72" />
    </div>
  )
}
