import { answer } from '@/lib/web/answer'
import { readWallLinks } from '@/lib/web/readers/wall-links'

export const dynamic = 'force-dynamic'

/** The links that open the wall now, without their tokens. */
export const GET = () => answer(({ person }) => readWallLinks(person))
