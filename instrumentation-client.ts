import { transitionEvent } from './components/frame/transition'

/** Next calls it when a way to another page begins. */
export function onRouterTransitionStart(address: string): void {
  window.dispatchEvent(new CustomEvent(transitionEvent, { detail: address }))
}
