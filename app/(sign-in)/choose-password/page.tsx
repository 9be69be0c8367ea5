import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { BrandMark } from '@/components/ui/brand-mark'
import { ownPath } from '@/lib/domain/own-path'
import { mustChoosePassword } from '@/lib/web/session'
import { signInChoices } from '@/lib/web/sign-in-page'
import { choosePasswordAction } from './actions'
import { ChoosePasswordForm } from './choose-password-form'
import '../sign-in/sign-in.css'

export const metadata: Metadata = { title: 'Choose a password' }
export const dynamic = 'force-dynamic'

/** Where somebody arrives who signed in with a password that an admin set: nothing else is possible until they chose their own. */
export default async function ChoosePasswordPage({ searchParams }: { searchParams: Promise<Record<string, unknown>> }) {
  const next = ownPath((await searchParams).next) ?? '/'
  if (!(await mustChoosePassword())) redirect(next)
  const { environment } = await signInChoices()
  return (
    <main className="sign-in" data-environment={environment.kind}>
      <div className="sign-in-column">
        <header className="sign-in-head">
          <BrandMark size={28} />
          <h1>CastMatch War Room</h1>
          <span className="sign-in-environment">{environment.name}</span>
        </header>
        <ChoosePasswordForm next={next} choose={choosePasswordAction} />
      </div>
    </main>
  )
}
