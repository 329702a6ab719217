import react from '@vitejs/plugin-react'
import { defineConfig, loadEnv } from 'vite'

// Mail links lead back to a registered address, so a busy port is an error: another one would not be found again.
const address = { port: 3000, strictPort: true }

export default defineConfig(({ mode }) => {
  if (!loadEnv(mode, '.').VITE_ALTOGIC_CLIENT_KEY) throw new Error('Copy .env.example to .env and fill in both values.')
  return { plugins: [react()], server: address, preview: address }
})
