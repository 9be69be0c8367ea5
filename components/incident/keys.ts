/** A single key is not for us while somebody types, holds another key, or a dialog is open. */
export function typingOrBusy(event: KeyboardEvent): boolean {
  if (event.metaKey || event.ctrlKey || event.altKey || document.querySelector('[role="dialog"]')) return true
  const target = event.target
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}
