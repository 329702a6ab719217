import { useState } from 'react'
import { Navigate } from 'react-router-dom'

import { useAuth } from '../auth.jsx'
import { Page } from '../page.jsx'

export function Login() {
  const { user, login } = useAuth()
  const [problem, setProblem] = useState(null)
  const [busy, setBusy] = useState(false)

  async function submit(event) {
    event.preventDefault()
    if (busy) return
    const { username, password } = event.currentTarget.elements
    setBusy(true)
    setProblem(null)
    setProblem(await login(username.value, password.value).catch(() => 'The server could not be reached.'))
    setBusy(false)
  }

  if (user) return <Navigate to="/" replace />
  return (
    <Page title="Log in" problem={problem}>
      <form onSubmit={submit} aria-busy={busy}>
        <label htmlFor="username">Username</label>
        <input id="username" name="username" autoComplete="username" autoCapitalize="none" required />
        <label htmlFor="password">Password</label>
        <input id="password" name="password" type="password" autoComplete="current-password" required />
        <button type="submit">Log in</button>
      </form>
    </Page>
  )
}
