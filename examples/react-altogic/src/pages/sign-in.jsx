import { useState } from 'react'

import { altogic } from '../altogic.js'
import { useAuth } from '../auth.jsx'
import { EmailField, Form, PasswordField } from '../form.jsx'
import { Page } from '../layout.jsx'
import { handed, Link, Redirect } from '../router.jsx'

export function SignIn() {
  const { session, sync } = useAuth()
  const [unconfirmed, setUnconfirmed] = useState(null)
  const { email: known, notice } = handed()

  async function signIn({ email, password }) {
    const { errors } = await altogic.auth.signInWithEmail(email, password)
    setUnconfirmed(errors?.items.some(({ code }) => code === 'email_not_verified') ? email : null)
    sync()
    return errors
  }

  if (session) return <Redirect to="/profile" />
  return (
    <Page title="Sign in" notice={notice}>
      <Form action={signIn} submit="Sign in">
        <EmailField defaultValue={known} />
        <PasswordField />
      </Form>
      {unconfirmed && (
        <p>
          <Link to="/check-mail" state={{ email: unconfirmed }}>
            Send the confirmation again
          </Link>
        </p>
      )}
      <ul className="ways">
        <li>
          <Link to="/forgot-password">Forgot password?</Link>
        </li>
        <li>
          <Link to="/magic-link">Email me a sign-in link</Link>
        </li>
      </ul>
    </Page>
  )
}
