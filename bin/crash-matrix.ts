import { type Leg, strike, type Verdict, walk, wholeMatrix } from '../lib/runner/testing/crash-matrix'
import type { Fate, Point } from '../lib/runner/testing/doomed-runner'
import { isInLab, type LabDrive, LabUnfit } from '../lib/runner/testing/drives/drive'
import { drives } from '../lib/runner/testing/drives/index'
import { type Scene, stageScene } from '../lib/runner/testing/scene'

/*
 * crash-matrix [--procedure NAME] [EVERY] [LEG...]
 *   kills the runner of a procedure, and takes its lease away, at every journal write and around every effect, lets
 *   another take the run up, and counts effects in the lab's own log; then freezes one past its lease; then, as a control, does that once more
 *   with the fence switched off, which must fail. Two labs work side by side.
 *   NAME is a procedure, with its goal where it has several; without it the failover. EVERY takes each nth write only. A LEG,
 *   such as kill:write:before:31, takes up an interrupted matrix: only the legs that are named, each from its nth strike on.
 *   One JSON line for each strike. Exit code 1 when anything fails.
 */
const driven = drives.filter(isInLab)
const given = process.argv.slice(2)
const drive = takeDrive()
const [first, ...rest] = given
const every = first === undefined || first.includes(':') ? 1 : Number(first)
const legs = (first?.includes(':') ? given : rest).map(readLeg)
if (!Number.isInteger(every) || every < 1) usage()

function takeDrive(): LabDrive {
  const at = given.indexOf('--procedure')
  const [, name] = at < 0 ? [] : given.splice(at, 2)
  const found = at < 0 ? driven[0] : driven.find((one) => one.name === name)
  return found ?? usage()
}

function readLeg(text: string): Leg {
  const match = /^(kill|lapse):(write|effect):(before|after)(?::([1-9]\d*))?$/.exec(text)
  if (!match) usage()
  const [, how, at, when, from] = match
  return { how: how as Leg['how'], at: at as Leg['at'], when: when as Leg['when'], from: Number(from ?? 1) }
}

function usage(): never {
  const names = driven.map(({ name }) => name).join('|')
  process.stderr.write(`crash-matrix [--procedure ${names}] [EVERY] [kill|lapse:write|effect:before|after[:N] ...]\n`)
  process.exit(2)
}

const print = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)
const verdicts: Verdict[] = []
let labsMadeAnew = 0
const queue = legs.length > 0 ? legs : [...wholeMatrix]
/** Each lane has its lab: the legs are long, and most of a strike is waiting. */
const lanes = [21_760, 24_760].map(lane)
const failures = (await Promise.allSettled(lanes)).filter((outcome) => outcome.status === 'rejected')
for (const { reason } of failures)
  process.stderr.write(`crash-matrix: ${reason instanceof Error ? reason.stack : reason}\n`)

const control = failures.length > 0 ? null : await zombies()
const bad = verdicts.filter((v) => !v.ok)
const steps = new Set(verdicts.flatMap(({ during }) => during ?? []))
print({
  procedure: drive.name,
  strikes: verdicts.length,
  struck: verdicts.filter((v) => v.struck).length,
  stepsStruck: steps.size,
  bad: bad.length,
  repeated: bad.filter((v) => v.repeated > 0 || v.doubled.length > 0).length,
  lost: bad.filter((v) => v.lost.length > 0).length,
  wrong: bad.filter((v) => v.wrong.length > 0).length,
  stuck: bad.filter((v) => v.stuck).length,
  asked: verdicts.filter((v) => v.asked > 0).length,
  labsMadeAnew,
})
// Ends by itself: a connection that a killed runner left half open would hold the program up.
process.exit(bad.length > 0 || control === null || control.repeated === 0 ? 1 : 0)

async function lane(basePort: number): Promise<void> {
  await inLab(basePort, async (strikeAt) => {
    for (let leg = queue.shift(); leg; leg = queue.shift())
      for await (const verdict of walk(leg, every, strikeAt)) {
        verdicts.push(verdict)
        print(verdict)
      }
  })
}

/** A runner that is frozen past its lease, with the fence and, as a control, without. */
async function zombies(): Promise<Verdict> {
  const point: Point = { at: 'effect', n: drive.control, when: 'before' }
  return await inLab(21_760, async (strikeAt) => {
    const zombie = await strikeAt(point, 'freeze')
    verdicts.push(zombie)
    print(zombie)
    const unfenced = await strikeAt(point, 'freeze', 'off')
    print({ control: 'fence off', failsAsItMust: unfenced.repeated > 0, ...unfenced })
    return unfenced
  })
}

type StrikeAt = (point: Point, ...more: [how?: Fate, fence?: 'on' | 'off']) => Promise<Verdict>

/** Works in a lab that is made anew when it is unfit for a strike, or holds a run that did not end well. */
async function inLab<T>(basePort: number, work: (strikeAt: StrikeAt) => Promise<T>): Promise<T> {
  let scene: Scene | null = null
  const leave = async () => {
    const left = scene
    scene = null
    await left?.end()
  }
  try {
    return await work(async (point, ...more) => {
      for (let attempt = 1; ; attempt++)
        try {
          scene ??= await stageScene(basePort)
          const verdict = await strike(scene, drive, point, ...more)
          // A run that is not at its end holds the cluster.
          if (verdict.state !== 'done' || !drive.reusable) await leave()
          return verdict
        } catch (error) {
          if (!(error instanceof LabUnfit) || attempt === 3) throw error
          labsMadeAnew += 1
          process.stderr.write(
            `crash-matrix: ${error.message} before ${point.at} ${point.n}; the lab is created again\n`,
          )
          await leave()
        }
    })
  } finally {
    await leave()
  }
}
