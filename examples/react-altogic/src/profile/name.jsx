import { useState } from 'react'

import { altogic } from '../altogic.js'
import { useAuth } from '../auth.jsx'
import { Field, Form } from '../form.jsx'
import { Panel } from './panel.jsx'

export function Name() {
  const { user, keepUser } = useAuth()
  const [notice, setNotice] = useState(null)

  async function rename({ name }) {
    setNotice(null)
    const { data, errors } = await altogic.db.model('users').object(user._id).update({ name })
    if (errors) return errors
    keepUser(data)
    setNotice('Your name was saved.')
    return null
  }

  return (
    <Panel title="Name" notice={notice}>
      <Form action={rename} submit="Save name">
        <Field key={user.name} label="Name" name="name" autoComplete="name" defaultValue={user.name} />
      </Form>
    </Panel>
  )
}
