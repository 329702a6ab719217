import { useEffect, useState } from 'react'

import { altogic } from '../altogic.js'
import { useAuth } from '../auth.jsx'
import { Alert, attempt } from '../form.jsx'
import { Panel } from './panel.jsx'

/** "iPhone – Mobile Safari on iOS"; computers have no device name of their own. */
function deviceName({ family, device, os }) {
  const program = `${family} on ${os.family}`
  return device.family === 'Other' ? program : `${device.family} – ${program}`
}

const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export function Sessions() {
  const { session: current, sync } = useAuth()
  const [sessions, setSessions] = useState([])
  const [errors, setErrors] = useState([])
  const [notice, setNotice] = useState(null)

  async function load() {
    const { sessions, errors } = await altogic.auth.getAllSessions()
    if (sessions) setSessions(sessions)
    return errors
  }

  async function signOut({ token, userAgent }) {
    const { errors } = await altogic.auth.signOut(token)
    if (errors) return errors
    if (token === current.token) return sync()
    setNotice(`${deviceName(userAgent)} was signed out.`)
    return load()
  }

  useEffect(() => {
    attempt(load).then(setErrors)
  }, [])

  return (
    <Panel title="Where you are signed in" notice={notice}>
      <Alert errors={errors} />
      <ul className="sessions">
        {sessions.map((session) => {
          const device = deviceName(session.userAgent)
          return (
            <li key={session.token}>
              <div>
                <p>
                  {device} {session.token === current.token && <span className="badge">This device</span>}
                </p>
                <p className="hint">Signed in {when.format(new Date(session.creationDtm))}</p>
              </div>
              <button
                type="button"
                className="quiet"
                aria-label={`Sign out ${device}`}
                onClick={() => attempt(() => signOut(session)).then(setErrors)}
              >
                Sign out
              </button>
            </li>
          )
        })}
      </ul>
    </Panel>
  )
}
