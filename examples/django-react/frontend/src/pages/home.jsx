import { useEffect, useState } from 'react'

import { API_URL, useAuth } from '../auth.jsx'
import { Page } from '../page.jsx'

export function Home() {
  const { user, request } = useAuth()
  const [profile, setProfile] = useState(null)
  const [problem, setProblem] = useState(null)

  async function load() {
    const response = await request(`${API_URL}/api/profile`)
    if (!response.ok) throw new Error(response.statusText)
    setProfile(await response.json())
  }

  useEffect(() => {
    load().catch(() => setProblem('Your profile could not be loaded.'))
  }, [])

  return (
    <Page title={`Hello, ${user.username}`} problem={problem}>
      {profile && (
        <dl>
          <dt>First name</dt>
          <dd>{profile.first_name || '–'}</dd>
          <dt>Last name</dt>
          <dd>{profile.last_name || '–'}</dd>
          <dt>Email</dt>
          <dd>{profile.email || '–'}</dd>
        </dl>
      )}
    </Page>
  )
}
