import { useState } from 'react'

import { altogic } from '../altogic.js'
import { useAuth } from '../auth.jsx'
import { EmailField, Form, PasswordField } from '../form.jsx'
import { Panel } from './panel.jsx'

export function ChangeEmail() {
  const { user, keepUser } = useAuth()
  const [notice, setNotice] = useState(null)

  async function change({ newEmail, currentPassword }, form) {
    setNotice(null)
    const { user: kept, errors } = await altogic.auth.changeEmail(currentPassword, newEmail)
    if (errors) return errors
    form.reset()
    keepUser(kept)
    // With confirmation on, the address changes when the link in the mail is opened.
    const unchanged = kept.email === user.email
    setNotice(unchanged ? `Open the link we sent to ${newEmail} to confirm it.` : 'Your email address was changed.')
    return null
  }

  return (
    <Panel title="Email address" notice={notice}>
      <Form action={change} submit="Change email">
        <EmailField label="New email" name="newEmail" autoComplete="email" />
        <PasswordField label="Current password" name="currentPassword" />
      </Form>
    </Panel>
  )
}
