import { createClient } from 'altogic'

const { VITE_ALTOGIC_ENV_URL: envUrl, VITE_ALTOGIC_CLIENT_KEY: clientKey } = import.meta.env

/** The one client of this page. When the server no longer knows its session, it goes to the sign-in page. */
export const altogic = createClient(envUrl, clientKey, { signInRedirect: '/sign-in' })
