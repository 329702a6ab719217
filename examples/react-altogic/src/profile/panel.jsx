import { useId } from 'react'

/** One part of the profile, with a line that is read out when something was done. */
export function Panel({ title, notice, children }) {
  const id = useId()
  return (
    <section className="panel" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <p role="status" className="notice">
        {notice}
      </p>
      {children}
    </section>
  )
}
