/**
 * Names of the members of `Ours`, at any depth, that `Theirs` does not have or has of another type; a time is a text in
 * ours. `never` when all fit. The compiler alone is not enough: it lets a misspelt member of a value pass where their own
 * are optional.
 */
export type Misfits<Ours, Theirs, Name = 'value'> = Ours extends readonly (infer One)[]
  ? Theirs extends readonly (infer Other)[]
    ? Misfits<One, Other, Name>
    : Name
  : Ours extends object
    ? {
        [M in keyof Ours]-?: M extends keyof Theirs ? Misfits<NonNullable<Ours[M]>, NonNullable<Theirs[M]>, M> : M
      }[keyof Ours]
    : Ours extends (Theirs extends Date ? string : Theirs)
      ? never
      : Name

/** Does not compile unless nothing is left over: `Proved<Misfits<Ours, Theirs>>`. */
export type Proved<Nothing extends never> = Nothing
