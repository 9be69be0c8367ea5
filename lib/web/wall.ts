import 'server-only'
import { ExpectedError } from '../domain/errors'
import { type WallPicture, wallPicture } from '../domain/wall/picture'
import type { WallLag, WallView } from '../domain/wall/view'
import { readWall } from '../views/wall'
import { buildId } from './build'
import { cookieValue, wallCookie } from './cookies'
import { webEnv } from './env'
import { inTime } from './hand-over'
import { sharedReading } from './held'
import { liveHub } from './hub'
import { refusal } from './run-action'
import { currentSession } from './session'
import { webStore } from './store'
import { viewSource } from './view-context'
import { wallAccess } from './wall-access'

/** Walls that ask within this time get one reading. */
const freshMs = 100
/** Then the last reading is shown, and said to be old. */
const patienceMs = 1500
const lagSpanMs = 15 * 60_000

type WallRecord = Awaited<ReturnType<typeof readWall>>

// One a process, however many bundles hold this module.
const kept = globalThis as {
  warroomWall?: { opensUntil: ReturnType<typeof wallAccess>; read: ReturnType<typeof sharedReading<WallRecord>> }
}
function wall() {
  kept.warroomWall ??= {
    opensUntil: wallAccess(webStore(), webEnv().environment.name, Date.now),
    read: sharedReading(() => readWall(viewSource()), freshMs, patienceMs, Date.now),
  }
  return kept.warroomWall
}

/** Until when the token of a link opens the wall, ms; null when it does not. Throws ExpectedError when the store is away. */
export const wallOpensUntil = (token: string | null): Promise<number | null> => wall().opensUntil(token)

/** Whoever is signed in sees the wall, and a screen with the cookie of a link that stands. Throws ExpectedError when the store is away. */
const opens = async (token: string | null): Promise<boolean> =>
  (await wallOpensUntil(token)) !== null || (await currentSession()) !== null

/**
 * What the wall's first HTML shows; null for a screen that may not see it, and while nothing can be read: the browser asks again
 * and says why.
 */
export async function firstWall(token: string | null) {
  if (!(await inTime(opens(token)))) return null
  const [answer, lag] = await Promise.all([inTime(readWallAnswer()), inTime(readWallLag())])
  return answer ? { answer, lag } : null
}

/** Answers one look at the wall as JSON: to whoever is signed in, and to a screen with the cookie of a link that stands. */
export async function answerWall<T>(request: Request, readFor: () => Promise<T>): Promise<Response> {
  const headers = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }
  try {
    const token = cookieValue(request.headers.get('cookie'), wallCookie(webEnv().NEXTAUTH_URL))
    if (!(await opens(token))) {
      const error = token
        ? 'This wall link has expired or was revoked.'
        : 'This screen has no wall link. Open it with one, or sign in.'
      return Response.json({ error }, { status: 401, headers })
    }
    return Response.json(await readFor(), { headers })
  } catch (error) {
    return Response.json({ error: refusal(error).message }, { status: 503, headers })
  }
}

/**
 * The whole answer to a wall: the record's part, or the last of it while the store is away, and the cluster as the collector
 * sees it now. Throws ExpectedError.
 */
export async function readWallAnswer(): Promise<{ wall: WallView; picture: WallPicture | null }> {
  const { value, heldSince } = await wall().read()
  const snapshot = liveHub().snapshot()
  return {
    wall: { ...value, now: Date.now(), heldSince, build: buildId() },
    picture: snapshot ? wallPicture(snapshot) : null,
  }
}

/**
 * Lag of the last 15 minutes for the wall's charts: seconds of each node, no bytes and no marks. Throws ExpectedError
 * 'unavailable'.
 */
export async function readWallLag(): Promise<WallLag> {
  const toMs = Date.now()
  const { stepMs, at, series } = await liveHub()
    .history({ fromMs: toMs - lagSpanMs, toMs, maxPoints: 450 })
    .catch((cause) => {
      throw new ExpectedError('unavailable', 'The history is not available: no runner responds.', { cause })
    })
  const seconds = Object.fromEntries(Object.entries(series).map(([id, lag]) => [id, lag.seconds]))
  return { fromMs: toMs - lagSpanMs, toMs, stepMs, at, seconds }
}
