'use client'

import type { DehydratedState } from '@tanstack/react-query'
import { Menu, PanelLeftClose, PanelLeftOpen } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { type ReactNode, useState } from 'react'
import type { EnvironmentKind } from '../../lib/domain/environment'
import type { Declare } from '../../lib/web/present/actions'
import { DeclareModal } from '../incident/declare'
import { BrandMark } from '../ui/brand-mark'
import { Button } from '../ui/button'
import { Sheet, useOnceOpened } from '../ui/sheet'
import { SlowActions } from '../ui/slow-actions'
import { WithoutScripts } from '../ui/without-scripts'
import { AloneNotice } from './alone-notice'
import { BuildNotice } from './build-notice'
import { FeedStateMark } from './feed-state'
import { places } from './nav'
import { PageOnItsWay } from './page-on-its-way'
import type { ProcedureLink } from './palette'
import { PaletteButton } from './palette-button'
import type { Viewer } from './person-label'
import { PersonMenu } from './person-menu'
import { Providers } from './providers'
import { useShortcuts } from './shortcuts'
import { StoreNotice } from './store-notice'
import { railCookie, type Theme } from './theme'

// What opens by a key or a button is loaded by it.
const Palette = dynamic(() => import('./palette').then((m) => m.Palette), { ssr: false })
const HelpSheet = dynamic(() => import('./help').then((m) => m.HelpSheet), { ssr: false })

interface FrameEnvironment {
  name: string
  kind: EnvironmentKind
  cluster: string
  region: string
}

interface FrameProps {
  /** What the server has read for the frame. */
  facts: DehydratedState
  environment: FrameEnvironment
  viewer: Viewer
  theme: Theme
  slim: boolean
  /** Where the palette leads to besides the places. */
  procedures: ProcedureLink[]
  declare: Declare
  /** Open incident, when there is one. */
  strip?: ReactNode
  /** More for the top bar: the lab's panel. */
  tools?: ReactNode
  children: ReactNode
}

/** The desk's frame: rail, top bar with environment, feed and person, and the page. */
export function Frame({ facts, ...props }: FrameProps) {
  return (
    <Providers facts={facts}>
      <Shell {...props} />
    </Providers>
  )
}

function Shell({
  environment,
  viewer,
  theme,
  slim: slimAtFirst,
  procedures,
  declare,
  strip,
  tools,
  children,
}: Omit<FrameProps, 'facts'>) {
  const [slim, setSlim] = useState(slimAtFirst)
  const [drawer, setDrawer] = useState(false)
  const [palette, setPalette] = useState(false)
  const [help, setHelp] = useState(false)
  const [declaring, setDeclaring] = useState(false)
  const paletteAsked = useOnceOpened(palette)
  const helpAsked = useOnceOpened(help)
  useShortcuts({ openPalette: () => setPalette(true), openHelp: () => setHelp(true) })

  const fold = () => {
    setSlim(!slim)
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing in one of the browsers we support
    document.cookie = `${railCookie}=${slim ? 'wide' : 'slim'}; path=/; max-age=31536000; samesite=lax`
  }

  return (
    <div className="frame" data-environment={environment.kind} data-rail={slim ? 'slim' : 'wide'}>
      <a className="btn skip" href="#page">
        Skip to the page
      </a>
      <nav className="rail" aria-label="Main">
        <Link href="/" className="brand" aria-label="War Room: go to Situation">
          <BrandMark />
          <span className="words">War Room</span>
        </Link>
        <Places />
        <button
          type="button"
          className="place rail-toggle"
          onClick={fold}
          aria-pressed={slim}
          aria-label={slim ? 'Expand navigation' : 'Collapse navigation'}
        >
          {slim ? <PanelLeftOpen aria-hidden /> : <PanelLeftClose aria-hidden />}
          <span className="words">Collapse</span>
        </button>
      </nav>
      <header className="top">
        <span className="narrow-only">
          <Button look="ghost" size="s" iconOnly aria-label="Open the menu" onClick={() => setDrawer(true)}>
            <Menu aria-hidden />
          </Button>
        </span>
        <span className="env-badge">{environment.name}</span>
        <span className="wide-only truncate text-12 text-text-3">
          {environment.cluster} · {environment.region}
        </span>
        <span className="flex min-w-0 max-[1199px]:hidden">{strip}</span>
        <span className="grow" />
        {tools}
        <FeedStateMark />
        <PaletteButton onOpen={() => setPalette(true)} />
        <PersonMenu viewer={viewer} theme={theme} onHelp={() => setHelp(true)} />
      </header>
      <main id="page" className="page" tabIndex={-1}>
        {/* Where the top bar has no room for it, it is the first thing on the page. */}
        <div className="sticky top-0 z-2 bg-bg p-1 empty:hidden min-[1200px]:hidden">{strip}</div>
        <WithoutScripts>
          {/* On a phone the places are in a menu that a script opens. */}
          <nav aria-label="Main, without scripts" className="flex flex-wrap gap-2 px-4 py-2 md:hidden">
            <Places />
          </nav>
        </WithoutScripts>
        <BuildNotice />
        <StoreNotice />
        <AloneNotice />
        <PageOnItsWay>{children}</PageOnItsWay>
      </main>
      <Sheet open={drawer} onOpenChange={setDrawer} title="War Room" side="left">
        <nav aria-label="Main, narrow" className="-mx-2 flex flex-col gap-1">
          <Places onGo={() => setDrawer(false)} />
        </nav>
      </Sheet>
      <SlowActions />
      {paletteAsked && (
        <Palette
          open={palette}
          onOpenChange={setPalette}
          onHelp={() => setHelp(true)}
          onDeclare={() => setDeclaring(true)}
          procedures={procedures}
          lab={Boolean(tools)}
        />
      )}
      <DeclareModal declare={declare} open={declaring} onOpenChange={setDeclaring} />
      {helpAsked && <HelpSheet open={help} onOpenChange={setHelp} />}
    </div>
  )
}

function Places({ onGo }: { onGo?: () => void }) {
  const path = usePathname()
  const item = ({ href, label, icon: Icon }: (typeof places)[number]) => {
    const here = href === '/' ? path === '/' : path.startsWith(href)
    return (
      <Link
        key={href}
        href={href}
        className="place"
        aria-current={here ? 'page' : undefined}
        title={label}
        onClick={onGo}
      >
        <Icon aria-hidden />
        <span className="words">{label}</span>
      </Link>
    )
  }
  return (
    <>
      {places.filter((place) => !place.foot).map(item)}
      <span className="grow" />
      {places.filter((place) => place.foot).map(item)}
    </>
  )
}
