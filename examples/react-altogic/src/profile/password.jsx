import { useState } from 'react'

import { altogic } from '../altogic.js'
import { useAuth } from '../auth.jsx'
import { Form, NewPasswordField, PasswordField } from '../form.jsx'
import { Panel } from './panel.jsx'

export function ChangePassword({ onChanged }) {
  const { user } = useAuth()
  const [notice, setNotice] = useState(null)

  async function change({ oldPassword, newPassword }, form) {
    setNotice(null)
    const { errors } = await altogic.auth.changePassword(newPassword, oldPassword)
    if (errors) return errors
    form.reset()
    onChanged()
    setNotice('Your password was changed. All other devices were signed out.')
    return null
  }

  return (
    <Panel title="Password" notice={notice}>
      <Form action={change} submit="Change password">
        {/* Tells a password manager whose password this is. */}
        <input className="hidden" type="text" autoComplete="username" value={user.email} readOnly tabIndex={-1} aria-hidden="true" />
        <PasswordField label="Current password" name="oldPassword" />
        <NewPasswordField label="New password" name="newPassword" />
      </Form>
    </Panel>
  )
}
