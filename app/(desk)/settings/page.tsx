import { HydrationBoundary } from '@tanstack/react-query'
import type { Metadata } from 'next'
import { Integrations } from '@/components/integrations/integrations'
import { OwnSignIn } from '@/components/people/own-sign-in'
import { People } from '@/components/people/people'
import { Sessions } from '@/components/people/sessions'
import { Environment } from '@/components/settings/environment'
import { SettingsHead } from '@/components/settings/settings-head'
import { WallLinksPanel } from '@/components/settings/wall-links-panel'
import { ExpectedError } from '@/lib/domain/errors'
import { integrationsKey, wallLinksKey } from '@/lib/queries/keys'
import { readIntegrations } from '@/lib/views/integrations'
import { readWallLinks } from '@/lib/views/wall-links'
import { passkeySite, webEnv } from '@/lib/web/env'
import { handOver } from '@/lib/web/hand-over'
import { peoplePage } from '@/lib/web/people'
import { presentEnvironment } from '@/lib/web/present/environment'
import { pageContext } from '@/lib/web/view-context'
import { revokeAllWallLinksAction, revokeWallLinkAction, wallLinkAction } from '../incidents/actions'
import * as actions from './actions'

export const metadata: Metadata = { title: 'Settings' }
export const dynamic = 'force-dynamic'

export default async function SettingsPage() {
  const context = await pageContext()
  const env = webEnv()
  const read = await peoplePage().catch((error: unknown) => {
    if (error instanceof ExpectedError) return error
    throw error
  })
  const facts = await handOver([integrationsKey, readIntegrations(context)], [wallLinksKey, readWallLinks(context)])
  return (
    <div className="mx-auto grid w-full max-w-5xl gap-4 p-4">
      <SettingsHead here="settings" />
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
                connectIdentity: actions.connectIdentity,
                disconnectIdentity: actions.disconnectIdentity,
              }}
              singleSignOn={env.OIDC_ISSUER ? env.OIDC_NAME : null}
            />
          )}
          <HydrationBoundary state={facts}>
            <Integrations sendTest={actions.sendTest} />
            <div id="wall-links">
              <WallLinksPanel
                actions={{ make: wallLinkAction, revoke: revokeWallLinkAction, revokeAll: revokeAllWallLinksAction }}
              />
            </div>
          </HydrationBoundary>
          <Environment environment={presentEnvironment(env.environment, env.RUNNER_URLS)} />
          <OwnSignIn
            accountId={read.me.id}
            hasPassword={read.account.hasPassword}
            passkeys={passkeySite(env.environment) ? read.passkeys : null}
            actions={{
              setPassword: actions.setPassword,
              beginPasskey: actions.beginPasskey,
              addPasskey: actions.addPasskey,
              removePasskey: actions.removePasskey,
            }}
          />
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
