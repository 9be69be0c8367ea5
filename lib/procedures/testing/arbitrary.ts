import fc from 'fast-check'
import { z } from 'zod'

/** Values that a schema accepts, made from the schema itself. Throws for a kind of schema that no fact has yet. */
export function arbitraryOf(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  const shaped = arbitraryOfShape(schema)
  // A rule on top of the shape, such as one that names may not repeat, is asked of the schema itself.
  return schema._zod.def.checks?.length ? shaped.filter((value) => z.core.safeParse(schema, value).success) : shaped
}

function arbitraryOfShape(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  const { def } = schema._zod
  switch (def.type) {
    case 'string':
      return fc.string()
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'boolean':
      return fc.boolean()
    case 'nullable':
      return fc.option(arbitraryOf((def as z.core.$ZodNullableDef).innerType))
    case 'optional':
      return fc.option(arbitraryOf((def as z.core.$ZodOptionalDef).innerType), { nil: undefined })
    case 'default':
      return arbitraryOf((def as z.core.$ZodDefaultDef).innerType)
    case 'array':
      return fc.array(arbitraryOf((def as z.core.$ZodArrayDef).element), { maxLength: 3 })
    case 'record':
      // Keys are names of poolers, writers and tags; the one that no object of the language can have is none of them.
      return fc.dictionary(
        fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
        arbitraryOf((def as z.core.$ZodRecordDef).valueType),
        { maxKeys: 3 },
      )
    case 'enum':
      return fc.constantFrom(...Object.values((def as z.core.$ZodEnumDef).entries))
    case 'literal':
      return fc.constantFrom(...(def as z.core.$ZodLiteralDef<z.core.util.Literal>).values)
    case 'union':
      return fc.oneof(...(def as z.core.$ZodUnionDef).options.map(arbitraryOf))
    case 'object':
      return fc.record(
        Object.fromEntries(
          Object.entries((def as z.core.$ZodObjectDef).shape).map(([name, member]) => [name, arbitraryOf(member)]),
        ),
      )
    default:
      throw new Error(`No arbitrary for a schema of type ${def.type}`)
  }
}
