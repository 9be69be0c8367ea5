import { answerWall, readWallLag } from '@/lib/web/wall'

export const dynamic = 'force-dynamic'

/** Lag of the last minutes for the wall's charts. Opened as the wall is. */
export const GET = (request: Request) => answerWall(request, readWallLag)
