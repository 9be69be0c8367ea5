import { NotFound } from '@/components/ui/not-found'

export default function NoProcedure() {
  return (
    <NotFound
      title="There is no such procedure"
      why="The link may be out of date, or this version does not have that procedure."
      to={{ href: '/procedures', label: 'See all procedures' }}
    />
  )
}
