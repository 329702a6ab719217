import { useEffect, useSyncExternalStore } from 'react'

const listeners = new Set()

function subscribe(listener) {
  listeners.add(listener)
  addEventListener('popstate', listener)
  return () => {
    listeners.delete(listener)
    removeEventListener('popstate', listener)
  }
}

/** The path of the page that is open. */
export const usePath = () => useSyncExternalStore(subscribe, () => location.pathname)

/** Opens a page of this app; `state` is handed to it and stays out of the address. */
export function navigate(path, { state = null, replace = false } = {}) {
  history[replace ? 'replaceState' : 'pushState'](state, '', path)
  listeners.forEach((listener) => listener())
}

/** What `navigate` handed to the page that is open. */
export const handed = () => history.state ?? {}

export function Redirect({ to }) {
  useEffect(() => navigate(to, { replace: true }), [to])
  return null
}

export function Link({ to, state, children }) {
  function follow(event) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    navigate(to, { state })
  }
  return (
    <a href={to} onClick={follow}>
      {children}
    </a>
  )
}
