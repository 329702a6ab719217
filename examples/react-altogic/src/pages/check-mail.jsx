import { useState } from 'react'

import { altogic } from '../altogic.js'
import { EmailField, Form } from '../form.jsx'
import { Page } from '../layout.jsx'
import { handed } from '../router.jsx'

/** After sign-up: the address has to be confirmed, and the mail can be sent again. */
export function CheckMail() {
  const { email, sent } = handed()
  const [notice, setNotice] = useState(sent ? `We sent an email to ${email}. Open its link to go on.` : null)

  async function resend(fields) {
    const { errors } = await altogic.auth.resendVerificationEmail(fields.email)
    setNotice(errors ? null : `If ${fields.email} is waiting to be confirmed, a new email is on its way.`)
    return errors
  }

  return (
    <Page title="Check your email" notice={notice}>
      <p className="hint">It can take a minute. Look in the spam folder too.</p>
      <Form action={resend} submit="Send the email again">
        <EmailField defaultValue={email} />
      </Form>
    </Page>
  )
}
