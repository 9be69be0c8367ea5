import { NotFound } from '@/components/ui/not-found'

export default function NoPage() {
  return (
    <NotFound
      title="There is no page at this address"
      why="The link may be old, or what it led to never existed here."
      to={{ href: '/', label: 'Go to Situation' }}
      whole
    />
  )
}
