import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { BrandMark } from '@/components/ui/brand-mark'
import { ownPath } from '@/lib/domain/own-path'
import { currentSession, mustChoosePassword } from '@/lib/web/session'
import { signInChoices } from '@/lib/web/sign-in-page'
import { SignInForm } from './sign-in-form'
import './sign-in.css'

export const metadata: Metadata = { title: 'Sign in' }
export const dynamic = 'force-dynamic'

export default async function SignInPage({ searchParams }: { searchParams: Promise<Record<string, unknown>> }) {
  const { next, error } = await searchParams
  const target = ownPath(next) ?? '/'
  if (await currentSession())
    redirect(typeof error === 'string' ? `/confirmed?error=${encodeURIComponent(error)}` : target)
  if (await mustChoosePassword()) redirect(`/choose-password?next=${encodeURIComponent(target)}`)
  const choices = await signInChoices()
  return (
    <main className="sign-in" data-environment={choices.environment.kind}>
      <div className="sign-in-column">
        <header className="sign-in-head">
          <BrandMark size={28} />
          <h1>CastMatch War Room</h1>
          <span className="sign-in-environment">{choices.environment.name}</span>
        </header>
        <SignInForm
          next={target}
          firstError={typeof error === 'string' ? error : null}
          storeAnswers={choices.storeAnswers}
          singleSignOn={choices.singleSignOn}
          labRoles={choices.labRoles}
        />
      </div>
    </main>
  )
}
