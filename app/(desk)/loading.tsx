import { Empty } from '@/components/cluster/situation'

/** The Situation page's own places, so that nothing moves when it arrives. */
export default function DeskLoading() {
  return <Empty loading message={null} />
}
