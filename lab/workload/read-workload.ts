import type { Loss } from './loss'

/** What `GET /lab/workload` answers. */
interface WorkloadReport {
  at: number
  acknowledged: number
  failed: number
  lastMinute: { ok: number; failed: number }
  downtimes: { region: string; from: number; to: number | null; ms: number }[]
  pooler: { present: boolean; reason: string | null }
  writer: { id: string; address: { host: string; port: number } | null }
  /** null while the writer cannot be read; `lossError` says why. */
  lost: number | null
  loss: Loss | null
  lossError: string | null
}

/** Reads the workload's report of a running lab. Throws an Error when it is refused. */
export async function readWorkload(url: string, token: string): Promise<WorkloadReport> {
  const answer = await fetch(`${url}/lab/workload`, { headers: { 'x-lab-token': token } })
  if (!answer.ok) throw new Error(`The lab refused to tell about its workload: ${answer.status}`)
  return (await answer.json()) as WorkloadReport
}

/** Reads again and again until it is as wanted; throws with the last reading after `limitMs`. */
export async function until<T>(read: () => Promise<T>, wanted: (value: T) => boolean, limitMs = 30_000): Promise<T> {
  const deadline = Date.now() + limitMs
  for (;;) {
    const value = await read()
    if (wanted(value)) return value
    if (Date.now() > deadline) throw new Error(`It did not come about; last seen: ${JSON.stringify(value)}`)
    await new Promise((done) => setTimeout(done, 100))
  }
}
