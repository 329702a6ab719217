import { useState } from 'react'

import { altogic } from '../altogic.js'
import { EmailField, Form } from '../form.jsx'
import { Page } from '../layout.jsx'
import { Link } from '../router.jsx'

export function MagicLink() {
  const [notice, setNotice] = useState(null)

  async function send({ email }) {
    const { errors } = await altogic.auth.sendMagicLinkEmail(email)
    setNotice(errors ? null : `If ${email} has an account, an email with a link is on its way.`)
    return errors
  }

  return (
    <Page title="Sign in by email" notice={notice}>
      <p className="hint">We send you a link that signs you in, without your password.</p>
      <Form action={send} submit="Send the link">
        <EmailField />
      </Form>
      <ul className="ways">
        <li>
          <Link to="/sign-in">Sign in with a password</Link>
        </li>
      </ul>
    </Page>
  )
}
