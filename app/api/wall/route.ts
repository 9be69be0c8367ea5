import { answerWall, readWallAnswer } from '@/lib/web/wall'

export const dynamic = 'force-dynamic'

/** What the wall shows and nothing else. Opened by a session, or by the cookie of a link that stands. */
export const GET = (request: Request) => answerWall(request, readWallAnswer)
