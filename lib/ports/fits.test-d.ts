import type { Misfits, Proved } from './fits'

/* What does not compile. The compiler fails on each line below that it would let pass. */

interface Theirs {
  Name: string | undefined
  Size?: number
  At?: Date
  Tags?: { Key?: string }[]
}

export type Fits = Proved<Misfits<{ Name: string; Size?: number; At?: string; Tags: { Key: string }[] }, Theirs>>
// @ts-expect-error
export type Misspelt = Proved<Misfits<{ Nme: string }, Theirs>>
// @ts-expect-error
export type MisspeltOptional = Proved<Misfits<{ Name: string; Szie?: number }, Theirs>>
// @ts-expect-error
export type MisspeltInside = Proved<Misfits<{ Tags: { Kye: string }[] }, Theirs>>
// @ts-expect-error
export type OtherType = Proved<Misfits<{ Size: string }, Theirs>>
// @ts-expect-error
export type OneForMany = Proved<Misfits<{ Tags: { Key: string } }, Theirs>>
// @ts-expect-error
export type ManyForOne = Proved<Misfits<{ Name: string[] }, Theirs>>
