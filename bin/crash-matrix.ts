import { matrix, strike, type Verdict } from '../lib/runner/testing/crash-matrix'
import { stageScene } from '../lib/runner/testing/scene'

/*
 * crash-matrix [EVERY]   kills the runner of a primary failover at every journal write and around every effect, lets
 *                        another take the run up, and counts effects in the lab's own log; then freezes one past its
 *                        lease; then, as a control, does that once more with the fence switched off, which must fail.
 *                        EVERY takes each nth write only. One JSON line for each strike. Exit code 1 when anything fails.
 */
const every = Number(process.argv[2] ?? 1)
const scene = await stageScene(21_760)
const verdicts: Verdict[] = []
const print = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)
try {
  for await (const verdict of matrix(scene, every)) {
    verdicts.push(verdict)
    print(verdict)
  }
  const zombie = await strike(scene, { at: 'effect', n: 2, when: 'before' }, 'freeze')
  verdicts.push(zombie)
  print(zombie)
  const control = await strike(scene, { at: 'effect', n: 2, when: 'before' }, 'freeze', 'off')
  print({ control: 'fence off', failsAsItMust: control.repeated > 0, ...control })
  const bad = verdicts.filter((v) => !v.ok)
  print({
    strikes: verdicts.length,
    struck: verdicts.filter((v) => v.struck).length,
    bad: bad.length,
    repeated: bad.filter((v) => v.repeated > 0).length,
    lost: bad.filter((v) => v.effective === 0).length,
    stuck: bad.filter((v) => v.state !== 'done').length,
  })
  if (bad.length > 0 || control.repeated === 0) process.exitCode = 1
} finally {
  await scene.end()
}
