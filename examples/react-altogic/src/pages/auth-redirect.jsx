import { useEffect, useState } from 'react'

import { altogic } from '../altogic.js'
import { useAuth } from '../auth.jsx'
import { Alert, attempt } from '../form.jsx'
import { Page } from '../layout.jsx'
import { Link, navigate } from '../router.jsx'

/** What a link that failed leads on to, by the action it was sent for. */
const WAYS_ON = {
  'email-confirm': ['/check-mail', 'Send the confirmation again'],
  'magic-link': ['/magic-link', 'Send a new link'],
  'reset-pwd': ['/forgot-password', 'Send a new link'],
  'change-email': ['/profile', 'Back to your profile'],
}

/** Where mail links end: `?access_token=…&action=…&status=200`, or `?status=…&action=…&error=…`. */
export function AuthRedirect() {
  const { session, sync, keepUser } = useAuth()
  const [query] = useState(() => Object.fromEntries(new URLSearchParams(location.search)))
  const [errors, setErrors] = useState(query.status === '200' ? [] : [{ message: query.error || 'This link is not complete.' }])

  async function follow() {
    if (query.action === 'reset-pwd') {
      // This token changes a password; it is no grant of a session.
      navigate('/reset-password', { replace: true, state: { token: query.access_token } })
      return null
    }
    if (query.action === 'change-email') {
      const { user, errors } = session ? await altogic.auth.getUserFromDB() : {}
      if (errors) return errors
      if (user) keepUser(user)
      const notice = 'Your new email address is confirmed.'
      navigate(session ? '/profile' : '/sign-in', { replace: true, state: { notice } })
      return null
    }
    const { errors } = await altogic.auth.getAuthGrant(query.access_token)
    if (errors) return errors
    sync()
    navigate('/profile', { replace: true })
    return null
  }

  // In development StrictMode runs this twice: the server answers the second grant as it did the first.
  useEffect(() => {
    if (query.status === '200') attempt(follow).then(setErrors)
  }, [])

  if (errors.length === 0) return <Page title="One moment…" />
  const [path, words] = WAYS_ON[query.action] ?? ['/sign-in', 'To sign-in']
  return (
    <Page title="This link did not work">
      <Alert errors={errors} />
      <p>
        <Link to={path}>{words}</Link>
      </p>
    </Page>
  )
}
