import type { LabContext, LabShape } from '../contract'

const shapes: readonly LabShape[] = ['hybrid', 'instance', 'aurora']

/** The topology that the API shows: the context's, else LAB_SHAPE, else `hybrid`. Throws on an unknown word. */
export function shapeOf(context: LabContext, environment: NodeJS.ProcessEnv = process.env): LabShape {
  const word = context.shape ?? environment.LAB_SHAPE
  if (word === undefined || word === '') return 'hybrid'
  const shape = shapes.find((known) => known === word)
  if (!shape) throw new Error(`LAB_SHAPE is "${word}"; it may be ${shapes.join(', ')}.`)
  return shape
}

/** Engine name on the wire. */
export function engineOf(shape: LabShape): 'postgres' | 'aurora-postgresql' {
  return shape === 'aurora' ? 'aurora-postgresql' : 'postgres'
}
