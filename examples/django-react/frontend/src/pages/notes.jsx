import { useEffect, useState } from 'react'

import { BACKEND_URL, useAuth } from '../auth.jsx'
import { Page } from '../page.jsx'

const NOTES_URL = `${BACKEND_URL}/api/notes/`

export function Notes() {
  const { request } = useAuth()
  const [greeting, setGreeting] = useState('')
  const [notes, setNotes] = useState([])
  const [problem, setProblem] = useState(null)

  async function call(url, options) {
    const response = await request(url, options)
    if (!response.ok) throw new Error(response.statusText)
    return response.status === 204 ? null : response.json()
  }

  /** Runs one action and shows the notes there are then. */
  async function attempt(action) {
    try {
      await action()
      setNotes(await call(NOTES_URL))
      setProblem(null)
    } catch {
      setProblem('That did not work. Please try again.')
    }
  }

  async function add(form) {
    const body = JSON.stringify({ text: form.elements.text.value })
    await call(NOTES_URL, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
    form.reset()
  }

  useEffect(() => {
    attempt(async () => setGreeting((await call(`${BACKEND_URL}/api/greeting/`)).greeting))
  }, [])

  function submit(event) {
    event.preventDefault()
    const form = event.currentTarget
    attempt(() => add(form))
  }

  return (
    <Page title="Notes" problem={problem}>
      <p className="hint">{greeting}</p>
      <ul aria-label="Your notes">
        {notes.map((note) => (
          <li key={note.id}>
            {note.text}
            <button
              type="button"
              className="quiet"
              aria-label={`Delete ${note.text}`}
              onClick={() => attempt(() => call(`${NOTES_URL}${note.id}/`, { method: 'DELETE' }))}
            >
              Delete
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={submit}>
        <label htmlFor="text">New note</label>
        <input id="text" name="text" maxLength={200} autoComplete="off" required />
        <button type="submit">Add note</button>
      </form>
    </Page>
  )
}
