import { NotFound } from '@/components/ui/not-found'

export default function NoDeskPage() {
  return (
    <NotFound
      title="There is no page at this address"
      why="The link may be out of date or mistyped."
      to={{ href: '/', label: 'Go to Situation' }}
    />
  )
}
