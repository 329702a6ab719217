import { jwtDecode } from 'jwt-decode'
import { createContext, useContext, useEffect, useState } from 'react'

export const API_URL = import.meta.env.VITE_API_URL
export const BACKEND_URL = import.meta.env.VITE_BACKEND_URL

const FOUR_MINUTES = 4 * 60 * 1000

const AuthContext = createContext(null)

/** `{user, login, logout, request}` of this tab. */
export const useAuth = () => useContext(AuthContext)

function post(path, body) {
  return fetch(`${API_URL}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
}

function send(url, options, { access }) {
  return fetch(url, { ...options, headers: { ...options.headers, Authorization: `Bearer ${access}` } })
}

export function AuthProvider({ children }) {
  // Every tab works with its own copy; local storage only hands it to the next tab and the next visit.
  const [tokens, setTokens] = useState(() => JSON.parse(localStorage.getItem('authTokens')))
  const [loading, setLoading] = useState(tokens !== null)

  function keep(pair) {
    setTokens(pair)
    localStorage.setItem('authTokens', JSON.stringify(pair))
    return pair
  }

  function drop() {
    setTokens(null)
    localStorage.removeItem('authTokens')
    return null
  }

  /** Answers what to tell the person when it did not work. */
  async function login(username, password) {
    const response = await post('/api/token/', { username, password })
    const data = await response.json()
    if (!response.ok) return data.detail ?? Object.values(data).flat().join(' ')
    keep(data)
    return null
  }

  async function logout() {
    drop()
    await post('/api/token/blacklist/', { refresh: tokens.refresh })
  }

  /** Answers the new pair, or null when the old one is good no more. */
  async function refresh() {
    const response = await post('/api/token/refresh/', { refresh: tokens.refresh })
    if (response.status === 401) return drop()
    if (!response.ok) return tokens
    return keep({ ...tokens, ...(await response.json()) })
  }

  /** `fetch` with the access token; one that is refused is refreshed once. */
  async function request(url, options = {}) {
    const response = await send(url, options, tokens)
    if (response.statusText !== 'Unauthorized') return response
    const pair = await refresh()
    if (!pair) return response
    const again = await send(url, options, pair)
    if (again.statusText === 'Unauthorized') drop()
    return again
  }

  // Without a network the tokens are kept: the next try may find one.
  const tryToRefresh = () => refresh().catch(console.warn)

  useEffect(() => {
    if (loading) tryToRefresh().then(() => setLoading(false))
  }, [])

  useEffect(() => {
    if (!tokens) return undefined
    const timer = setInterval(tryToRefresh, FOUR_MINUTES)
    return () => clearInterval(timer)
  }, [tokens])

  const user = tokens && jwtDecode(tokens.access)
  return <AuthContext value={{ user, login, logout, request }}>{loading ? null : children}</AuthContext>
}
