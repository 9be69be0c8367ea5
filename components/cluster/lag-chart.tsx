'use client'

import 'uplot/dist/uPlot.min.css'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { type LagUnit, logFloor, toColumns } from './lag-data'
import { type Ink, type PaintState, paintOver, paintUnder, readInk, valueText } from './lag-paint'

/** Below this width the names of the lines stand in a legend under the chart. */
const narrowPx = 560

const logSplits: Record<LagUnit, { at: number; text: string }[]> = {
  seconds: [
    { at: 0.01, text: '10 ms' },
    { at: 0.1, text: '0.1 s' },
    { at: 1, text: '1 s' },
    { at: 10, text: '10 s' },
    { at: 60, text: '1 min' },
    { at: 36_000, text: '10 h' },
  ],
  bytes: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((e) => ({
    at: 10 ** e,
    text: `${10 ** (e % 3)} ${['kB', 'MB', 'GB', 'TB'][Math.floor(e / 3) - 1]}`,
  })),
}

/** The chart itself. Loaded apart from the page; drawn once a second and when something arrives. */
export default function LagChart(props: Omit<PaintState, 'ink' | 'labelWidth'> & { spanMs: number }) {
  const host = useRef<HTMLDivElement>(null)
  const tip = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const ink = useRef<Ink | null>(null)
  const latest = useRef(props)
  latest.current = props
  const shape = `${props.unit} ${props.scale} ${props.lines.map((l) => `${l.id}${l.series}`).join()}`

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for the props that need a new plot
  useEffect(() => {
    const element = host.current
    if (!element) return
    const make = () => {
      plot.current?.destroy()
      ink.current = readInk(element)
      plot.current = build(element, tip.current, latest, ink.current)
    }
    make()
    const onTheme = () => requestAnimationFrame(make)
    const scheme = matchMedia('(prefers-color-scheme: light)')
    scheme.addEventListener('change', onTheme)
    window.addEventListener('warroom:theme', onTheme)
    let wasNarrow = element.clientWidth < narrowPx
    const resize = new ResizeObserver(() => {
      const narrow = element.clientWidth < narrowPx
      if (narrow !== wasNarrow) {
        wasNarrow = narrow
        make()
      } else plot.current?.setSize({ width: element.clientWidth, height: element.clientHeight })
    })
    resize.observe(element)
    void document.fonts?.ready.then(() => plot.current?.redraw())
    return () => {
      resize.disconnect()
      scheme.removeEventListener('change', onTheme)
      window.removeEventListener('warroom:theme', onTheme)
      plot.current?.destroy()
      plot.current = null
    }
  }, [shape])

  useEffect(() => {
    const u = plot.current
    if (!u) return
    u.batch(() => {
      u.setData(
        toColumns(
          props.history,
          props.lines.map((l) => l.id),
          props.unit,
          props.scale,
        ) as uPlot.AlignedData,
        false,
      )
      u.setScale('x', { min: (props.nowMs - props.spanMs) / 1000, max: props.nowMs / 1000 })
      u.setScale('y', rangeY(latest.current))
    })
  }, [props.history, props.nowMs, props.spanMs, props.unit, props.scale, props.lines])

  return (
    <div className="lag-plot" ref={host} aria-hidden="true">
      <div className="lag-tip" ref={tip} hidden />
    </div>
  )
}

type Latest = { current: Omit<PaintState, 'ink' | 'labelWidth'> & { spanMs: number } }

function rangeY({ history, lines, unit, scale, rpo }: Latest['current']): { min: number; max: number } {
  let top = 0
  for (const { id } of lines)
    for (const value of history.series[id]?.[unit] ?? []) if (value !== null && value > top) top = value
  if (scale === 'log') {
    const least = unit === 'seconds' ? rpo.maximumSeconds * 1.25 : 1e8
    return { min: logFloor[unit], max: Math.max(least, top * 2) }
  }
  return { min: 0, max: Math.max(unit === 'seconds' ? 1 : 100_000, top * 1.15) }
}

function build(element: HTMLDivElement, tip: HTMLDivElement | null, latest: Latest, ink: Ink): uPlot {
  const { lines, unit, scale } = latest.current
  const labelWidth = element.clientWidth < narrowPx ? 0 : 118
  const paint = (): PaintState => ({ ...latest.current, ink, labelWidth })
  const splits = logSplits[unit]
  const font = `400 11px ${ink.mono}`
  const options: uPlot.Options = {
    width: element.clientWidth,
    height: element.clientHeight,
    padding: [10, labelWidth || 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 5, width: 0 },
    },
    scales: {
      x: { time: true, auto: false },
      y: scale === 'log' ? { distr: 3, log: 10, auto: false } : { auto: false },
    },
    series: [
      {},
      ...lines.map((line) => ({
        stroke: ink.series[line.series - 1] ?? ink.text2,
        width: 1.5,
        dash: line.dashed ? [4, 2] : undefined,
        points: { show: false },
        spanGaps: false,
      })),
    ],
    axes: [
      {
        stroke: ink.text3,
        font,
        grid: { show: false },
        ticks: { stroke: ink.tick, width: 1, size: 4 },
        size: 26,
        space: 96,
        values: (_u, at) => at.map((s) => clock(s * 1000, latest.current.spanMs)),
      },
      {
        stroke: (_u, _i) => ink.text3,
        font,
        size: 58,
        gap: 6,
        grid: { stroke: ink.grid, width: 1 },
        ticks: { show: false },
        ...(scale === 'log'
          ? {
              splits: (_u: uPlot, _i: number, min: number, max: number) =>
                splits.filter((s) => s.at >= min && s.at <= max).map((s) => s.at),
              filter: (_u: uPlot, at: number[]) => at,
              values: (_u: uPlot, at: number[]) => at.map((v) => splits.find((s) => s.at === v)?.text ?? ''),
            }
          : { values: (_u: uPlot, at: number[]) => at.map((v) => valueText(v, unit)) }),
      },
    ],
    hooks: {
      drawClear: [(u) => paintUnder(u, paint())],
      draw: [(u) => paintOver(u, paint())],
      setCursor: [(u) => showTip(u, tip, latest)],
    },
  }
  const u = new uPlot(
    options,
    toColumns(
      latest.current.history,
      lines.map((l) => l.id),
      unit,
      scale,
    ) as uPlot.AlignedData,
    element,
  )
  u.setScale('x', {
    min: (latest.current.nowMs - latest.current.spanMs) / 1000,
    max: latest.current.nowMs / 1000,
  })
  u.setScale('y', rangeY(latest.current))
  return u
}

const clock = (at: number, spanMs: number) => {
  const text = formatTimeOfDay(at)
  return spanMs <= 300_000 && !text.endsWith(':00') ? text : text.slice(0, 5)
}

function showTip(u: uPlot, tip: HTMLDivElement | null, latest: Latest): void {
  if (!tip) return
  const { idx, left } = u.cursor
  if (idx === null || idx === undefined || left === undefined || left < 0) {
    tip.hidden = true
    return
  }
  const { history, lines, unit } = latest.current
  const at = history.at[idx]
  if (at === undefined) {
    tip.hidden = true
    return
  }
  const row = (name: string, value: string, color: string) => {
    const line = document.createElement('div')
    const label = document.createElement('span')
    label.textContent = name
    label.style.color = color
    const number = document.createElement('span')
    number.className = 'num'
    number.textContent = value
    line.append(label, number)
    return line
  }
  tip.replaceChildren(
    row(formatTimeOfDay(at), '', 'var(--text-3)'),
    ...lines.map((line) => {
      const value = history.series[line.id]?.[unit][idx] ?? null
      return row(line.name, value === null ? 'unknown' : valueText(value, unit), `var(--series-${line.series})`)
    }),
  )
  tip.hidden = false
  const plotLeft = u.bbox.left / devicePixelRatio
  const onRight = left > u.bbox.width / devicePixelRatio / 2
  tip.style.left = `${plotLeft + left + (onRight ? -12 : 12)}px`
  tip.style.transform = onRight ? 'translateX(-100%)' : ''
}
