import { useState } from 'react'

import { altogic } from '../altogic.js'
import { EmailField, Form } from '../form.jsx'
import { Page } from '../layout.jsx'
import { Link } from '../router.jsx'

export function ForgotPassword() {
  const [notice, setNotice] = useState(null)

  async function send({ email }) {
    const { errors } = await altogic.auth.sendResetPwdEmail(email)
    setNotice(errors ? null : `If ${email} has an account, an email is on its way.`)
    return errors
  }

  return (
    <Page title="Forgot your password?" notice={notice}>
      <p className="hint">We send you a link to choose a new one.</p>
      <Form action={send} submit="Send the link">
        <EmailField />
      </Form>
      <ul className="ways">
        <li>
          <Link to="/sign-in">Back to sign-in</Link>
        </li>
      </ul>
    </Page>
  )
}
