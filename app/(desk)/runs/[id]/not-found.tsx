import { NotFound } from '@/components/ui/not-found'

export default function NoRun() {
  return (
    <NotFound
      title="There is no such run"
      why="The link may be incomplete, or the run belongs to another installation. Runs are never deleted."
      to={{ href: '/procedures', label: 'See all runs' }}
    />
  )
}
