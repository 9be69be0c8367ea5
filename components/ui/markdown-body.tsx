import type { ReactNode } from 'react'
import ReactMarkdown from 'react-markdown'
import remarkBreaks from 'remark-breaks'
import remarkGfm from 'remark-gfm'

/**
 * People's words. HTML in the text stays text, pictures become their description (nothing is fetched from elsewhere because
 * somebody wrote its address), and links open apart without telling where they were clicked.
 */
export default function MarkdownBody({ text }: { text: string }) {
  return (
    <div className="markdown">
      <ReactMarkdown
        // A line that somebody ended stays a line: logs and lists are pasted without Markdown in mind.
        remarkPlugins={[remarkGfm, remarkBreaks]}
        components={{
          a: ({ href, children }: { href?: string; children?: ReactNode }) => (
            <a href={href} target="_blank" rel="noopener noreferrer nofollow">
              {children}
            </a>
          ),
          img: ({ alt }: { alt?: string }) => <span>{alt ? `[picture: ${alt}]` : '[picture]'}</span>,
          // A wide table scrolls by itself; squeezed into the column nobody could read it.
          table: ({ children }: { children?: ReactNode }) => (
            // What scrolls is reached by the keyboard.
            <section className="overflow-x-auto" tabIndex={0} aria-label="Table">
              <table>{children}</table>
            </section>
          ),
          h1: ({ children }: { children?: ReactNode }) => <h3>{children}</h3>,
          h2: ({ children }: { children?: ReactNode }) => <h3>{children}</h3>,
        }}
      >
        {text}
      </ReactMarkdown>
    </div>
  )
}
