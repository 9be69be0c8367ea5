/** A plain dump with this body, as pg_dump writes one. */
export const dumpOf = (body: string, version = '15.13') =>
  `--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version ${version}\n-- Dumped by pg_dump version ${version}\n\n${body}\n--\n-- PostgreSQL database dump complete\n--\n\n`

/** The same bytes with every bit of one of them changed. */
export function flipped(data: Buffer, at: number): Buffer {
  const changed = Buffer.from(data)
  changed[at] = (changed[at] ?? 0) ^ 0xff
  return changed
}
