import clsx from 'clsx'
import { type ReactNode, useId } from 'react'

/** A bordered part of a page with a head. Hatched when what it shows is not fresh. */
export function Panel({
  anchor,
  title,
  aside,
  hatched = false,
  className,
  children,
}: {
  /** The command menu leads here by it. */
  anchor?: string
  title: string
  aside?: ReactNode
  hatched?: boolean
  className?: string
  children: ReactNode
}) {
  const id = useId()
  return (
    <section id={anchor} className={clsx('panel', hatched && 'hatch', className)} aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>{title}</h2>
        <span className="grow" />
        {aside}
      </div>
      {children}
    </section>
  )
}

/** A placeholder of the final size, so that nothing moves when the figure arrives. */
export function Skeleton({
  width,
  height = 12,
  className,
}: {
  width: number | string
  height?: number
  className?: string
}) {
  return <span aria-hidden className={clsx('skeleton', className)} style={{ width, height }} />
}
