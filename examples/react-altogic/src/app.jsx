import { useAuth } from './auth.jsx'
import { Page } from './layout.jsx'
import { AuthRedirect } from './pages/auth-redirect.jsx'
import { CheckMail } from './pages/check-mail.jsx'
import { ForgotPassword } from './pages/forgot-password.jsx'
import { MagicLink } from './pages/magic-link.jsx'
import { Profile } from './pages/profile.jsx'
import { ResetPassword } from './pages/reset-password.jsx'
import { SignIn } from './pages/sign-in.jsx'
import { SignUp } from './pages/sign-up.jsx'
import { Link, Redirect, usePath } from './router.jsx'

const PAGES = {
  '/sign-in': SignIn,
  '/sign-up': SignUp,
  '/check-mail': CheckMail,
  '/magic-link': MagicLink,
  '/forgot-password': ForgotPassword,
  '/reset-password': ResetPassword,
  '/auth-redirect': AuthRedirect,
  '/profile': Profile,
}

export function App() {
  const { session } = useAuth()
  const path = usePath()

  if (path === '/') return <Redirect to={session ? '/profile' : '/sign-in'} />
  const Found = PAGES[path] ?? NotFound
  return <Found key={path} />
}

function NotFound() {
  return (
    <Page title="There is no such page">
      <p>
        <Link to="/">Back to the start page</Link>
      </p>
    </Page>
  )
}
