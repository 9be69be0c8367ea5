import type uPlot from 'uplot'
import type { LagHistory } from '../../lib/domain/cluster/feed'
import { formatBytes, formatSeconds } from '../../lib/web/present/format'
import type { LossTargets } from './candidates'
import { type LagScale, type LagUnit, lastValue, markRows, numberedMarks, silences, spread } from './lag-data'

/** Colours and fonts as the page resolves them now; a canvas cannot read CSS variables by itself. */
export interface Ink {
  text1: string
  text2: string
  text3: string
  surface: string
  grid: string
  tick: string
  target: string
  maximum: string
  hatch: string
  series: string[]
  mono: string
  sans: string
}

export function readInk(host: HTMLElement): Ink {
  const probe = document.createElement('span')
  probe.style.display = 'none'
  host.append(probe)
  const color = (name: string) => {
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }
  const font = (name: string) => {
    probe.style.fontFamily = `var(${name})`
    return getComputedStyle(probe).fontFamily
  }
  const ink: Ink = {
    text1: color('--text-1'),
    text2: color('--text-2'),
    text3: color('--text-3'),
    surface: color('--surface-1'),
    grid: color('--border-1'),
    tick: color('--border-2'),
    target: color('--state-lagging'),
    maximum: color('--state-problem'),
    hatch: color('--hatch-ink'),
    series: [color('--series-1'), color('--series-2'), color('--series-3')],
    mono: font('--font-mono'),
    sans: font('--font-sans'),
  }
  probe.remove()
  return ink
}

export interface LagLine {
  id: string
  name: string
  /** 1 to 3: which of the chart's own hues. */
  series: number
  dashed: boolean
}

export interface PaintState {
  history: LagHistory
  lines: LagLine[]
  unit: LagUnit
  scale: LagScale
  rpo: LossTargets
  nowMs: number
  ink: Ink
  /** Room at the right for the names of the lines; 0 when they stand in a legend instead. */
  labelWidth: number
}

export const valueText = (value: number, unit: LagUnit) =>
  unit === 'seconds' ? formatSeconds(value) : formatBytes(value)

const objectiveText = (seconds: number) => (seconds % 3600 === 0 ? `${seconds / 3600} h` : `${seconds / 60} min`)

/** Below the lines: what was not seen, hatched. */
export function paintUnder(u: uPlot, state: PaintState): void {
  const { ctx } = u
  const { left, top, height, width } = u.bbox
  const px = devicePixelRatio
  ctx.save()
  ctx.setLineDash([])
  for (const { fromMs, toMs } of silences(
    state.history,
    state.lines.map((l) => l.id),
    state.nowMs,
    3000,
  )) {
    const x0 = Math.max(left, u.valToPos(fromMs / 1000, 'x', true))
    const x1 = Math.min(left + width, u.valToPos(toMs / 1000, 'x', true))
    if (x1 - x0 < 2) continue
    ctx.save()
    ctx.beginPath()
    ctx.rect(x0, top, x1 - x0, height)
    ctx.clip()
    ctx.strokeStyle = state.ink.hatch
    ctx.lineWidth = 1.5 * px
    for (let x = x0 - height; x < x1; x += 8.5 * px) {
      ctx.beginPath()
      ctx.moveTo(x, top + height)
      ctx.lineTo(x + height, top)
      ctx.stroke()
    }
    ctx.restore()
    const label = `no samples ${formatSeconds((toMs - fromMs) / 1000)}`
    ctx.font = `400 ${10 * px}px ${state.ink.mono}`
    ctx.fillStyle = state.ink.text2
    ctx.textAlign = 'center'
    ctx.textBaseline = 'top'
    if (ctx.measureText(label).width < x1 - x0) ctx.fillText(label, (x0 + x1) / 2, top + 4 * px)
  }
  ctx.restore()
}

/** Above the lines: objectives, marks and the names of the lines at their ends. */
export function paintOver(u: uPlot, state: PaintState): void {
  const { ctx } = u
  const { left, top, height, width } = u.bbox
  const px = devicePixelRatio
  const { ink } = state
  ctx.save()
  if (state.unit === 'seconds')
    for (const [seconds, color] of [
      [state.rpo.targetSeconds, ink.target],
      [state.rpo.maximumSeconds, ink.maximum],
    ] as const) {
      const y = u.valToPos(seconds, 'y', true)
      if (y < top - 1 || y > top + height) continue
      ctx.strokeStyle = color
      ctx.lineWidth = px
      ctx.setLineDash([6 * px, 4 * px])
      ctx.beginPath()
      ctx.moveTo(left, y)
      ctx.lineTo(left + width, y)
      ctx.stroke()
      ctx.font = `400 ${11 * px}px ${ink.mono}`
      ctx.fillStyle = color
      ctx.textAlign = 'right'
      ctx.textBaseline = 'middle'
      ctx.fillText(objectiveText(seconds), left - 6 * px, y)
    }
  ctx.setLineDash([])
  paintMarks(u, state)
  if (state.labelWidth > 0) paintNames(u, state)
  ctx.restore()
}

/** Across the circle of a number. */
const markPx = 16

function paintMarks(u: uPlot, { history, ink }: PaintState): void {
  const { ctx } = u
  const { left, top, height, width } = u.bbox
  const px = devicePixelRatio
  const marks = history.marks.filter((m) => {
    const x = u.valToPos(m.at / 1000, 'x', true)
    return x >= left && x <= left + width
  })
  const numbered = numberedMarks(marks, 0, Number.POSITIVE_INFINITY)
  const places = numbered.map(({ mark }) => u.valToPos(mark.at / 1000, 'x', true))
  const rows = markRows(places, markPx * px)
  for (const mark of marks) {
    const x = u.valToPos(mark.at / 1000, 'x', true)
    const strong = mark.kind === 'detection'
    ctx.strokeStyle = strong ? ink.text1 : ink.text3
    ctx.fillStyle = ctx.strokeStyle
    ctx.lineWidth = px
    ctx.setLineDash(strong ? [] : [2 * px, 3 * px])
    ctx.beginPath()
    ctx.moveTo(x, top)
    ctx.lineTo(x, top + height)
    ctx.stroke()
    ctx.beginPath()
    ctx.arc(x, top + height, 3.5 * px, 0, 2 * Math.PI)
    ctx.fill()
  }
  ctx.setLineDash([])
  // Above all lines; the words stand in the list below the chart.
  for (const [i, { n }] of numbered.entries()) {
    const [x, y] = [places[i] ?? 0, top + ((rows[i] ?? 0) + 0.5) * markPx * px]
    ctx.beginPath()
    ctx.arc(x, y, (markPx / 2 - 1) * px, 0, 2 * Math.PI)
    ctx.fillStyle = ink.surface
    ctx.fill()
    ctx.strokeStyle = ink.text2
    ctx.lineWidth = px
    ctx.stroke()
    ctx.font = `600 ${10 * px}px ${ink.sans}`
    ctx.fillStyle = ink.text1
    ctx.textAlign = 'center'
    ctx.textBaseline = 'middle'
    ctx.fillText(String(n), x, y)
  }
}

function paintNames(u: uPlot, state: PaintState): void {
  const { ctx } = u
  const { left, top, height, width } = u.bbox
  const px = devicePixelRatio
  const ends = state.lines.flatMap((line) => {
    const last = lastValue(state.history, line.id, state.unit, state.nowMs)
    return last ? [{ line, last, y: u.valToPos(Math.max(last.value, u.scales.y?.min ?? 0), 'y', true) }] : []
  })
  const ys = spread(
    ends.map((e) => e.y),
    15 * px,
    top + 6 * px,
    top + height - 4 * px,
  )
  ctx.textAlign = 'left'
  ctx.textBaseline = 'middle'
  ctx.font = `550 ${11 * px}px ${state.ink.sans}`
  for (const [i, { line, last, y }] of ends.entries()) {
    ctx.fillStyle = state.ink.series[line.series - 1] ?? state.ink.text2
    const x = u.valToPos(last.atMs / 1000, 'x', true)
    if (x >= left && x <= left + width) {
      ctx.beginPath()
      ctx.arc(x, y, 2.5 * px, 0, 2 * Math.PI)
      ctx.fill()
    }
    const text = `${line.name} ${last.fresh ? valueText(last.value, state.unit) : 'unknown'}`
    ctx.fillText(text, left + width + 9 * px, ys[i] ?? y)
  }
}
