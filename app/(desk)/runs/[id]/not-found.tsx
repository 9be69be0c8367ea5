import { NotFound } from '@/components/ui/not-found'

export default function NoRun() {
  return (
    <NotFound
      title="There is no such run"
      why="The link may be cut short, or the run belongs to another copy of the War Room. Runs are kept for good."
      to={{ href: '/procedures', label: 'See all runs' }}
    />
  )
}
