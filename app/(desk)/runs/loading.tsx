import { RunPlaces } from '@/components/run/run-places'

/** A run's own places, so that nothing moves when it arrives. */
export default function RunLoading() {
  return <RunPlaces message={null} />
}
