import { readWallLinks } from '@/lib/views/wall-links'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

/** The links that open the wall now, without their tokens. */
export const GET = () => answer(readWallLinks)
