import type { Metadata } from 'next'
import { sentenceFor } from '../sign-in/sentences'
import { Confirmed } from './confirmed'
import '../sign-in/sign-in.css'

export const metadata: Metadata = { title: 'Confirmed' }
export const dynamic = 'force-dynamic'

/** Where single sign-on comes back to in the window that was opened to confirm who somebody is. */
export default async function ConfirmedPage({ searchParams }: { searchParams: Promise<Record<string, unknown>> }) {
  const { error } = await searchParams
  return (
    <main className="sign-in">
      <div className="sign-in-column">
        <Confirmed error={typeof error === 'string' ? confirmSentence(error) : null} />
      </div>
    </main>
  )
}

const confirmSentence = (code: string): string =>
  code === 'conflict' ? 'You confirmed with a different account from the one that is signed in.' : sentenceFor(code)
