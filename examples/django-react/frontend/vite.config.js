import react from '@vitejs/plugin-react'
import { defineConfig, loadEnv } from 'vite'

// The backend names this origin in its CORS settings, so a busy port is an error.
const address = { port: 5173, strictPort: true }

export default defineConfig(({ mode }) => {
  if (!loadEnv(mode, '.').VITE_API_URL) throw new Error('Copy .env.example to .env and fill in VITE_API_URL.')
  return { plugins: [react()], server: address, preview: address }
})
