import { leastLab } from '../../config/testing/lab'
import type { Store } from '../../store/client'
import type { ViewSource } from '../context'

/** What a view reads by, in an installation with nothing set up; a test changes what it is about. */
export const viewSource = (store: Store, changes: Partial<ViewSource> = {}): ViewSource => ({
  store,
  environment: leastLab(),
  snapshot: () => null,
  installation: {
    siteUrl: 'https://warroom.example',
    reviewZone: 'UTC',
    alertWebhook: { token: false, signature: false },
    printsPdf: false,
  },
  now: Date.now,
  ...changes,
})
