import dynamic from 'next/dynamic'

/** What can mean anything but itself in Markdown; most of what people write in a hurry has none of it. */
const marked = /[*_`~#>[\]|\\<&]|\n|^\s*(?:[-+]|\d+[.)])\s|https?:|www\.|@/

/** People's words as Markdown. The reader of Markdown is loaded by the first text that needs it. */
export function Markdown({ text }: { text: string }) {
  if (marked.test(text)) return <Body text={text} />
  return (
    <div className="markdown">
      <p>{text}</p>
    </div>
  )
}

const Body = dynamic(() => import('./markdown-body'))
