import { permanentRedirect } from 'next/navigation'

/** Runs are listed beside the procedures; an address cut short leads there. */
export default function RunsPage() {
  permanentRedirect('/procedures')
}
