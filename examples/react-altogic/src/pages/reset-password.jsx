import { altogic } from '../altogic.js'
import { useAuth } from '../auth.jsx'
import { Form, NewPasswordField } from '../form.jsx'
import { Page } from '../layout.jsx'
import { handed, Link, navigate, Redirect } from '../router.jsx'

/** Opened by the redirect page, which hands over the token of the mail link. */
export function ResetPassword() {
  const { sync } = useAuth()
  const { token } = handed()

  async function reset({ newPassword }) {
    const { errors } = await altogic.auth.resetPwdWithToken(token, newPassword)
    if (errors) return errors
    // A reset ends every session, so one of this browser is of no more use.
    altogic.auth.clearLocalData()
    sync()
    navigate('/sign-in', { replace: true, state: { notice: 'Your password was changed. Sign in with the new one.' } })
    return null
  }

  if (!token) return <Redirect to="/forgot-password" />
  return (
    <Page title="Choose a new password">
      <Form action={reset} submit="Save the password">
        <NewPasswordField label="New password" name="newPassword" />
      </Form>
      <ul className="ways">
        <li>
          <Link to="/forgot-password">Send a new link</Link>
        </li>
      </ul>
    </Page>
  )
}
