export const themes = ['system', 'dark', 'light'] as const
export type Theme = (typeof themes)[number]
/** Read on the server for the first byte of the page, so that the chosen theme never flashes in late. */
export const themeCookie = 'warroom-theme'

/** Keeps the rail folded; read on the server so that the rail does not jump. */
export const railCookie = 'warroom-rail'

export function parseTheme(value: string | undefined): Theme {
  return themes.find((theme) => theme === value) ?? 'system'
}

/** Applies a theme and remembers it for a year. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing in one of the browsers we support
  document.cookie = `${themeCookie}=${theme}; path=/; max-age=31536000; samesite=lax`
  window.dispatchEvent(new Event('warroom:theme'))
}
