import { NotFound } from '@/components/ui/not-found'

export default function NoIncident() {
  return (
    <NotFound
      title="There is no such incident"
      why="The number may be mistyped, or the incident belongs to another installation. Incidents are never deleted."
      to={{ href: '/incidents', label: 'See all incidents' }}
    />
  )
}
