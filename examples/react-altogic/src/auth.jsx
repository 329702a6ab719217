import { createContext, useCallback, useContext, useEffect, useMemo, useState } from 'react'

import { altogic } from './altogic.js'

const AuthContext = createContext(null)

/** `{user, session, sync, keepUser}` of this browser. */
export const useAuth = () => useContext(AuthContext)

/** Both or neither: half of it is nobody who is signed in. */
function stored() {
  const user = altogic.auth.getUser()
  const session = altogic.auth.getSession()
  return user && session ? { user, session } : { user: null, session: null }
}

/** Mirrors what the client holds in local storage, so that pages render again when it changes. */
export function AuthProvider({ children }) {
  const [auth, setAuth] = useState(stored)
  const sync = useCallback(() => setAuth(stored()), [])
  const keepUser = useCallback(
    (user) => {
      altogic.auth.setUser(user)
      sync()
    },
    [sync],
  )

  // The client tells nobody when another tab signs in or out: the browser does.
  useEffect(() => {
    addEventListener('storage', sync)
    return () => removeEventListener('storage', sync)
  }, [sync])

  const value = useMemo(() => ({ ...auth, sync, keepUser }), [auth, sync, keepUser])
  return <AuthContext value={value}>{children}</AuthContext>
}
