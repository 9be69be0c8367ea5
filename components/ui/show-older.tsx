import { Button } from './button'

/** The end of a list that is read by page: asks for the page before, as long as there is one. */
export function ShowOlder({
  pages,
}: {
  pages: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> }
}) {
  if (!pages.hasNextPage) return null
  return (
    <div className="px-4 py-3">
      <Button size="s" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
        Show older ones
      </Button>
    </div>
  )
}
