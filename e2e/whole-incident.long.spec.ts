import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from '@playwright/test'
import { countEffort } from './effort'
import { failoversAsked, lab } from './lab'
import { enter } from './people'
import { declareIncident, startFailover } from './product'
import { approve, done, quiet } from './recovery'
import { test } from './test'

/*
 * From the first symptom to the exported report, as three people see it: the responder, who declares and leads, the
 * approver, and the wall. What the report says at the end is held against what the lab's own application counted.
 */

interface Workload {
  downtimes: { from: number; to: number | null; ms: number }[]
  lost: number | null
  lossError: string | null
}
interface Report {
  report: {
    clocks: { impactStartedAt: number; restoredAt: number | null; rto: { verdict: string } }
    loss: { commits: number | null }
    checklist: { passed: number; of: number }
    approvals: { decision: string; by: string | null }[]
  }
}
const run = promisify(execFile)

/** The exit code and words of `npm run verify-record` over a file. */
async function verifyRecord(path: string): Promise<{ code: number; says: string }> {
  const args = ['--import', 'tsx', 'bin/verify-record.ts', path]
  return run(process.execPath, args, {
    env: { ...process.env, DATABASE_URL: undefined },
  }).then(
    ({ stdout }) => ({ code: 0, says: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, says: error.stderr }),
  )
}

test('an incident goes from the verdict to a report whose figures are those that the application measured', async ({
  browser,
}) => {
  test.setTimeout(240_000)
  await quiet(browser)
  const responder = await enter(browser, 'commander')
  // An approver on the way, with a phone; from their Situation page they are led to the request.
  const approver = await enter(browser, 'approver')
  await approver.setViewportSize({ width: 390, height: 844 })
  const [byResponder, byApprover] = [await countEffort(responder), await countEffort(approver)]
  const wall = await enter(browser, 'viewer')
  await wall.setViewportSize({ width: 1920, height: 1080 })
  await wall.goto('/wall')

  const before = await failoversAsked()
  const killedAt = Date.now()
  await lab('/lab/faults', { fault: 'kill-writer' })
  await expect(responder.getByRole('region', { name: 'Verdict' })).toContainText('CONFIRMED', { timeout: 30_000 })
  const address = await declareIncident(responder)
  const number = Number(address.split('/').at(-1))
  await expect(wall.getByText(`INC-${number}`).first()).toBeVisible()

  const declaring = await byResponder()
  // What people write is text for everybody who looks, and nothing else.
  const box = responder.getByPlaceholder(/Write a note/)
  await expect(box).toBeVisible()
  await responder.keyboard.press('n')
  await expect(box).toBeFocused()
  await box.fill('/decision fail over <img src=x onerror="document.title=1">')
  await responder.getByRole('button', { name: 'Add decision' }).click()
  await wall.goto(address)
  await expect(wall.getByText(/fail over/).first()).toBeVisible()
  expect(await wall.title()).not.toBe('1')
  await wall.goto('/wall')

  const reading = await byResponder()
  await responder.getByRole('region', { name: 'What to do next' }).getByRole('link', { name: 'Go' }).click()
  // What is opened from a real incident is meant for it.
  await expect(responder.getByRole('radio', { name: 'Real' })).toBeChecked()
  await expect(responder.getByLabel('Reason (required)')).toHaveValue(new RegExp(`^INC-${number}: .+`))
  const runPath = await startFailover(responder)
  const starting = await byResponder()
  // From the dead writer to the running failover: declare, as suggested, and start what is recommended.
  const responded = declaring.clicks + starting.clicks - reading.clicks
  expect(responded, 'clicks of the responder').toBeLessThanOrEqual(5)
  await expect(wall.getByText(/WAITING FOR/)).toBeVisible({ timeout: 30_000 })
  // On a phone, and on any other page, what waits is one tap away: the approval itself.
  await approver.setViewportSize({ width: 390, height: 844 })
  await approver.goto('/escalation')
  await approver.getByRole('link', { name: /^WAITING for your approval/ }).click()
  await approver.waitForURL(`**${runPath}#approval`)
  await expect(approver.locator('#approval')).toBeInViewport()
  expect(await approver.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await approver.setViewportSize({ width: 1440, height: 900 })
  // During an open incident the Situation page has one primary action, and it names the incident.
  await wall.goto('/')
  await expect(wall.getByRole('region', { name: 'Verdict' }).locator('[data-look="go"]')).toHaveText(
    `INC-${number}: Open the approval`,
  )
  await wall.goto('/wall')
  // The one who started is not asked: nobody approves their own run.
  await expect(responder.getByText(/Someone else must decide/)).toBeVisible({ timeout: 30_000 })
  await expect(responder.getByRole('button', { name: /^Approve/ })).toHaveCount(0)
  const mostSeconds = await approve(approver)
  expect(
    (await byApprover()).clicks,
    'taps of the approver, who also types the name of the target',
  ).toBeLessThanOrEqual(4)
  await expect(wall.getByText(/WAITING FOR/)).toBeHidden()
  await done(responder)
  await done(approver)
  expect((await failoversAsked()) - before).toBe(1)
  const green = responder.locator('[data-step][data-state="confirmed"], [data-step][data-state="already-so"]')
  await expect(green).toHaveCount(await responder.locator('[data-step]').count())

  await responder.goto(address)
  const status = responder.getByRole('region', { name: 'Status' })
  // The status has followed the run: nobody moved it.
  await expect(status.locator('[aria-current="step"]')).toContainText('Monitoring')
  // The checklist fills itself: the runner looks at every item and keeps what proved it.
  const checklist = responder.getByRole('region', { name: 'Checklist' })
  for (const holds of ['Connectivity', 'App health', 'Data integrity', 'Replication', 'DNS'])
    await expect(checklist.getByRole('button', { name: new RegExp(`^${holds} OK`) })).toBeVisible({ timeout: 60_000 })
  await status.getByRole('button', { name: 'Resolve' }).click()
  // A lab this young has no usual times to compare with, so an item stays open: that it is over takes a reason.
  await status.getByLabel(/Why resolve anyway/).fill('No usual times to compare with yet.')
  await status.getByRole('button', { name: 'Resolve anyway' }).click()
  // The wall is calm again, and says what was last.
  await expect(wall.getByText(new RegExp(`last INC-${number}`))).toBeVisible({ timeout: 30_000 })

  await responder.goto(`${address}/report`)
  await expect(responder.getByText('RECORD VERIFIED')).toBeVisible()
  const paper = await responder.request.get(`/api/export/${number}?format=pdf`)
  expect([paper.status(), (await paper.body()).subarray(0, 5).toString()]).toEqual([200, '%PDF-'])
  const answer = await responder.request.get(`/api/export/${number}?format=json`)
  expect(answer.status()).toBe(200)
  const text = await answer.text()
  expect(text).toContain('fail over <img')
  const { report } = JSON.parse(text) as Report
  expect(report.approvals.map((one) => one.decision)).toContain('approved')

  const { downtimes, lost } = (await lab('/lab/workload')) as Workload
  const outage = downtimes.findLast((one) => one.from > killedAt - 1000)
  if (!outage?.to || report.clocks.restoredAt === null) throw new Error('the outage has no end')
  // The outage ends when writes commit and every pod is ready. Kubernetes tells that to the second.
  const { snapshot } = (await (await responder.request.get('/api/snapshot')).json()) as {
    snapshot: { workload: { value: { pods: { readyAt?: number }[] } | null } }
  }
  const readyAt = Math.max(...(snapshot.workload.value?.pods ?? []).map((pod) => pod.readyAt ?? 0))
  const over = Math.max(outage.to, readyAt)
  const [began, ended] = [report.clocks.impactStartedAt - outage.from, report.clocks.restoredAt - over]
  expect(Math.abs(ended - began), `began ${began} ms and ended ${ended} ms after what pods saw`).toBeLessThanOrEqual(
    1000,
  )
  expect(report.clocks.rto.verdict).toBe('met')
  expect(report.loss.commits).toBe(lost)
  // Six pods at five commits a second: what was shown in seconds bounds what is missing in numbers.
  expect(lost).toBeLessThanOrEqual(Math.ceil(mostSeconds * 6 * 5))

  const files = mkdtempSync(join(tmpdir(), 'warroom-report-'))
  try {
    const [kept, forged] = [join(files, 'report.json'), join(files, 'forged.json')]
    writeFileSync(kept, text)
    writeFileSync(forged, text.replace('fail over <img', 'wait <img'))
    expect(await verifyRecord(kept)).toMatchObject({ code: 0, says: expect.stringContaining('hash chain is intact') })
    expect(await verifyRecord(forged)).toMatchObject({ code: 1, says: expect.stringContaining('hash chain is broken') })
  } finally {
    rmSync(files, { recursive: true, force: true })
  }
})
