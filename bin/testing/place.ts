type Place = { from: number; to: number } | 'missing' | 'ambiguous'

const isWord = (token: string | undefined) => token !== undefined && /^[\w$]+$/.test(token)

/**
 * Where a piece of code stands in a source. White space, line breaks and the comma that a formatter puts before a closing
 * bracket make no difference: only the code itself does.
 */
export function placeOf(source: string, code: string): Place {
  const tokens = code.match(/[\w$]+|[^\w\s$]/g) ?? []
  const pattern = tokens.map((token, i) => {
    const before = i === 0 ? '' : isWord(token) && isWord(tokens[i - 1]) ? '\\s+' : '\\s*'
    const comma = i > 0 && /[)\]}]/.test(token) && tokens[i - 1] !== ',' ? ',?\\s*' : ''
    return before + comma + token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  })
  const found = [...source.matchAll(new RegExp(pattern.join(''), 'g'))]
  const [only] = found
  if (!only) return 'missing'
  return found.length > 1 ? 'ambiguous' : { from: only.index, to: only.index + only[0].length }
}
