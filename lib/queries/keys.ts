/** Keys of what a page reads on the server and hands to the browser's cache: importable where no hook is. */
export const restorePointKey = ['restore-point'] as const
