/** Keys of what a page reads on the server and hands to the browser's cache: importable where no hook is. */
export const restorePointKey = (incident: number | null) => ['restore-point', incident] as const
