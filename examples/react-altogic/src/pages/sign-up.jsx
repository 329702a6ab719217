import { altogic } from '../altogic.js'
import { useAuth } from '../auth.jsx'
import { EmailField, Field, Form, NewPasswordField } from '../form.jsx'
import { Page } from '../layout.jsx'
import { Link, navigate, Redirect } from '../router.jsx'

export function SignUp() {
  const { session, sync } = useAuth()

  async function signUp({ name, email, password }) {
    const { session: opened, errors } = await altogic.auth.signUpWithEmail(email, password, name)
    // Without a session the address has to be confirmed first.
    if (opened) sync()
    else if (!errors) navigate('/check-mail', { state: { email, sent: true } })
    return errors
  }

  if (session) return <Redirect to="/profile" />
  return (
    <Page title="Create an account">
      <Form action={signUp} submit="Create account">
        <Field label="Name" name="name" autoComplete="name" />
        <EmailField />
        <NewPasswordField />
      </Form>
      <ul className="ways">
        <li>
          Already have an account? <Link to="/sign-in">Sign in</Link>
        </li>
      </ul>
    </Page>
  )
}
