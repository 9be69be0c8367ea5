import type { ReactNode } from 'react'
import ReactMarkdown from 'react-markdown'
import remarkGfm from 'remark-gfm'

/**
 * People's words. HTML in the text stays text, pictures become their description (nothing is fetched from elsewhere because
 * somebody wrote its address), and links open apart without telling where they were clicked.
 */
export default function MarkdownBody({ text }: { text: string }) {
  return (
    <div className="markdown">
      <ReactMarkdown
        remarkPlugins={[remarkGfm]}
        components={{
          a: ({ href, children }: { href?: string; children?: ReactNode }) => (
            <a href={href} target="_blank" rel="noopener noreferrer nofollow">
              {children}
            </a>
          ),
          img: ({ alt }: { alt?: string }) => <span>{alt ? `[picture: ${alt}]` : '[picture]'}</span>,
          h1: ({ children }: { children?: ReactNode }) => <h3>{children}</h3>,
          h2: ({ children }: { children?: ReactNode }) => <h3>{children}</h3>,
        }}
      >
        {text}
      </ReactMarkdown>
    </div>
  )
}
