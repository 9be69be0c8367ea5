declare global {
  var __webpack_nonce__: string | undefined
}

// Dialogs write styles into the page that keep it from scrolling behind them (react-style-singleton). The page's policy wants
// its nonce on them, and this is the name under which they look for it.
if (typeof document !== 'undefined')
  globalThis.__webpack_nonce__ = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce

export {}
