import { useEffect, useRef } from 'react'
import { NavLink } from 'react-router-dom'

import { useAuth } from './auth.jsx'

function Header() {
  const { user, logout } = useAuth()
  return (
    <header>
      <span className="brand">Notebook</span>
      {user && (
        <nav aria-label="Main">
          <NavLink to="/">Home</NavLink>
          <NavLink to="/notes">Notes</NavLink>
          <button type="button" className="quiet" onClick={logout}>
            Log out
          </button>
        </nav>
      )}
    </header>
  )
}

/** One page: its heading is focused and read out when it opens, and `problem` when there is one. */
export function Page({ title, problem, children }) {
  const heading = useRef(null)

  useEffect(() => {
    document.title = `${title} – Notebook`
    heading.current.focus()
  }, [title])

  return (
    <>
      <Header />
      <main>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <p role="alert" className="alert">
          {problem}
        </p>
        {children}
      </main>
    </>
  )
}
