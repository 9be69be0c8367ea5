import type { Metadata } from 'next'
import { Integrations } from '@/components/integrations/integrations'
import { People } from '@/components/people/people'
import { Sessions } from '@/components/people/sessions'
import { ExpectedError } from '@/lib/domain/errors'
import { peoplePage } from '@/lib/web/people'
import { pageSession } from '@/lib/web/session'
import * as actions from './actions'

export const metadata: Metadata = { title: 'Settings' }
export const dynamic = 'force-dynamic'

export default async function SettingsPage() {
  await pageSession()
  const read = await peoplePage().catch((error: unknown) => {
    if (error instanceof ExpectedError) return error
    throw error
  })
  return (
    <div className="mx-auto grid w-full max-w-5xl gap-4 p-4">
      <h1 className="font-semibold text-20">Settings</h1>
      {read instanceof ExpectedError ? (
        <p role="alert">{read.message}</p>
      ) : (
        <>
          {read.people && (
            <People
              people={read.people}
              sessions={read.sessions}
              me={read.me.id}
              actions={{
                addPerson: actions.addPerson,
                changeRole: actions.changeRole,
                setDisabled: actions.setDisabled,
                endSessions: actions.endSessions,
                setPassword: actions.setPassword,
              }}
            />
          )}
          <Integrations sendTest={actions.sendTest} />
          <Sessions
            sessions={read.sessions.filter((session) => session.accountId === read.me.id)}
            current={read.mySessionId}
            accountId={read.me.id}
            now={read.at}
            endSessions={actions.endSessions}
          />
        </>
      )}
    </div>
  )
}
