import { useEffect, useState } from 'react'

import { altogic } from '../altogic.js'
import { useAuth } from '../auth.jsx'
import { Page } from '../layout.jsx'
import { ChangeEmail } from '../profile/email.jsx'
import { Name } from '../profile/name.jsx'
import { ChangePassword } from '../profile/password.jsx'
import { Picture } from '../profile/picture.jsx'
import { Sessions } from '../profile/sessions.jsx'
import { handed, Redirect } from '../router.jsx'

export function Profile() {
  const { user, session, keepUser } = useAuth()
  const [passwords, setPasswords] = useState(0)

  // What this browser remembers may be older than what the server knows.
  useEffect(() => {
    if (session) altogic.auth.getUserFromDB().then(({ user }) => user && keepUser(user), () => {})
  }, [])

  if (!session) return <Redirect to="/sign-in" />
  return (
    <Page title="Your profile" notice={handed().notice} wide>
      <Picture>
        <p className="name">{user.name || 'No name yet'}</p>
        <p className="hint">{user.email}</p>
      </Picture>
      <Name />
      {/* A new password ends the other sessions: the list is read again. */}
      <Sessions key={passwords} />
      <ChangePassword onChanged={() => setPasswords(passwords + 1)} />
      <ChangeEmail />
    </Page>
  )
}
