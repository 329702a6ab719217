import { Navigate, Outlet, Route, Routes } from 'react-router-dom'

import { useAuth } from './auth.jsx'
import { Home } from './pages/home.jsx'
import { Login } from './pages/login.jsx'
import { Notes } from './pages/notes.jsx'

/** Pages inside are for those who are logged in; everybody else is shown the login page. */
function PrivateRoute() {
  return useAuth().user ? <Outlet /> : <Navigate to="/login" replace />
}

export function App() {
  return (
    <Routes>
      <Route path="/login" element={<Login />} />
      <Route element={<PrivateRoute />}>
        <Route index element={<Home />} />
        <Route path="/notes" element={<Notes />} />
      </Route>
      <Route path="*" element={<Navigate to="/" replace />} />
    </Routes>
  )
}
