import { useEffect, useRef, useState } from 'react'

import { altogic } from './altogic.js'
import { useAuth } from './auth.jsx'
import { Alert, UNREACHABLE } from './form.jsx'
import { Link } from './router.jsx'

function Header() {
  const { session, sync } = useAuth()

  const [errors, setErrors] = useState([])

  async function signOut() {
    await altogic.auth.signOut()
    // The client is silent when the server could not be reached; it only forgets a session that was ended.
    setErrors(altogic.auth.getSession() ? UNREACHABLE : [])
    sync()
  }

  return (
    <header>
      <span className="brand">
        <Link to="/">Demo</Link>
      </span>
      <nav aria-label="Main">
        {session ? (
          <button type="button" className="quiet" onClick={signOut}>
            Sign out
          </button>
        ) : (
          <>
            <Link to="/sign-in">Sign in</Link>
            <Link to="/sign-up">Create an account</Link>
          </>
        )}
      </nav>
      <Alert errors={errors} />
    </header>
  )
}

/** One page: its heading is announced and focused when the page is opened, its notice read out. */
export function Page({ title, notice, wide = false, children }) {
  const heading = useRef(null)

  useEffect(() => {
    document.title = `${title} – Demo`
    heading.current.focus()
  }, [title])

  return (
    <>
      <Header />
      <main className={wide ? 'wide' : undefined}>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <p role="status" className="notice">
          {notice}
        </p>
        {children}
      </main>
    </>
  )
}
