import QRCode from 'qrcode'

/** A QR code as one path of squares; null-safe for addresses that are too long to be read from six metres anyway. */
export function Qr({ text, label }: { text: string; label: string }) {
  const { modules } = QRCode.create(text, { errorCorrectionLevel: 'M' })
  let path = ''
  for (let y = 0; y < modules.size; y++)
    for (let x = 0; x < modules.size; x++) if (modules.get(y, x)) path += `M${x} ${y}h1v1h-1z`
  return (
    <svg
      viewBox={`-2 -2 ${modules.size + 4} ${modules.size + 4}`}
      className="block size-full rounded-lg bg-white"
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <path d={path} fill="#000" />
    </svg>
  )
}
