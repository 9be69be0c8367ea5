import { readEnrolmentFile } from '../../lib/config/enrolment'
import type { RunnerEnv } from '../../lib/config/env'
import { approvalSite } from '../../lib/config/environment'
import type { PasskeyTrust } from '../../lib/runner/approval-proof'

/** Whose passkeys this runner believes: by its own files, where approvals take one. */
export function passkeyTrust({ environment }: RunnerEnv): PasskeyTrust | null {
  const site = approvalSite(environment)
  const file = environment.passkeys?.enrolmentFile
  return site && file ? { site, enrolled: () => readEnrolmentFile(file) } : null
}
