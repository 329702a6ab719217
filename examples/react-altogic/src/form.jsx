import { createContext, useContext, useId, useState } from 'react'

export const UNREACHABLE = [{ message: 'The server could not be reached. Check your connection and try again.' }]

/** Runs one call of the client and answers the errors it came back with; `[]` when it worked. */
export async function attempt(call) {
  try {
    const errors = await call()
    return errors?.items ?? []
  } catch {
    return UNREACHABLE
  }
}

const FormContext = createContext({ errors: [], alertId: undefined })

export function Alert({ id, errors }) {
  return (
    <div id={id} role="alert" className="alert">
      {errors.map(({ message }) => (
        <p key={message}>{message}</p>
      ))}
    </div>
  )
}

/** A form whose `action(fields, form)` returns the client's `errors`: they are shown above the fields. */
export function Form({ action, submit, children }) {
  const [busy, setBusy] = useState(false)
  const [errors, setErrors] = useState([])
  const alertId = useId()

  async function onSubmit(event) {
    event.preventDefault()
    if (busy) return
    const form = event.currentTarget
    const fields = Object.fromEntries(new FormData(form))
    setBusy(true)
    setErrors([])
    setErrors(await attempt(() => action(fields, form)))
    setBusy(false)
  }

  return (
    <FormContext value={{ errors, alertId }}>
      <form onSubmit={onSubmit} aria-busy={busy}>
        <Alert id={alertId} errors={errors} />
        {children}
        <button type="submit" aria-disabled={busy}>
          {submit}
        </button>
      </form>
    </FormContext>
  )
}

/** A labelled input; marked as invalid when an error names it in `details.field`. */
export function Field({ label, name, hint, ...input }) {
  const { errors, alertId } = useContext(FormContext)
  const id = useId()
  const invalid = errors.some(({ details }) => details?.field === name)
  const describedBy = [invalid && alertId, hint && `${id}-hint`].filter(Boolean).join(' ')
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        name={name}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy || undefined}
        {...input}
      />
      {hint && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
    </div>
  )
}

export const EmailField = (props) => (
  <Field label="Email" name="email" type="email" autoComplete="username" autoCapitalize="none" spellCheck={false} required {...props} />
)

export const PasswordField = (props) => (
  <Field label="Password" name="password" type="password" autoComplete="current-password" required {...props} />
)

export const NewPasswordField = (props) => (
  <PasswordField autoComplete="new-password" hint="At least 8 characters. A short sentence is easy to remember." {...props} />
)
