/** How long a part may take to be shown after its page was asked for. */
const patienceMs = 10_000

let stop = () => {}

/**
 * Brings the keyboard to a part of a page by its id, as soon as that page shows it: what a command leads to may still be loading.
 * A part that takes no input has the focus itself, so that the next Tab reaches its first control and nothing acts by itself.
 */
export function reach(href: string): void {
  const { pathname, hash } = new URL(href, window.location.href)
  const id = decodeURIComponent(hash.slice(1))
  stop()
  if (!id) return
  const look = () => {
    const part = window.location.pathname === pathname ? document.getElementById(id) : null
    // A menu that is closing still has the focus, and gives it back.
    if (!part || part.getClientRects().length === 0 || document.querySelector('[role="dialog"]')) return
    stop()
    if (part.tabIndex < 0) part.tabIndex = -1
    part.focus()
    part.scrollIntoView({ block: 'nearest' })
  }
  const watch = new MutationObserver(look)
  const timer = setTimeout(() => stop(), patienceMs)
  stop = () => {
    watch.disconnect()
    clearTimeout(timer)
  }
  watch.observe(document.body, { childList: true, subtree: true, attributes: true })
  look()
}
