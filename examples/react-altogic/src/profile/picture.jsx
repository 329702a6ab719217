import { useId, useState } from 'react'

import { altogic } from '../altogic.js'
import { useAuth } from '../auth.jsx'
import { Alert, attempt } from '../form.jsx'

async function upload(user, file) {
  const stored = await altogic.storage.bucket('root').upload(`user_${user._id}`, file)
  if (stored.errors) return stored
  return altogic.db.model('users').object(user._id).update({ profilePicture: stored.data.publicPath })
}

/** The picture, whose it is (`children`), and a button to change it. */
export function Picture({ children }) {
  const { user, keepUser } = useAuth()
  const [errors, setErrors] = useState([])
  const [busy, setBusy] = useState(false)
  const id = useId()

  async function change({ target }) {
    const [file] = target.files
    if (!file || busy) return
    setBusy(true)
    setErrors(
      await attempt(async () => {
        const { data, errors } = await upload(user, file)
        if (!errors) keepUser(data)
        return errors
      }),
    )
    setBusy(false)
    target.value = ''
  }

  return (
    <section className="picture" aria-label="Signed in as" aria-busy={busy}>
      {user.profilePicture ? (
        <img src={user.profilePicture} alt="Your picture" width="96" height="96" />
      ) : (
        <span className="initial" aria-hidden="true">
          {(user.name || user.email).slice(0, 1).toUpperCase()}
        </span>
      )}
      <div>{children}</div>
      <input id={id} type="file" accept="image/png,image/jpeg,image/webp" className="hidden" onChange={change} />
      <label htmlFor={id} className="button">
        {user.profilePicture ? 'Change picture' : 'Add a picture'}
      </label>
      <Alert errors={errors} />
    </section>
  )
}
