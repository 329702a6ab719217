"""All words of the pages: message id -> English text with named parameters.

A parameter is `{name}` or `{name:how}`. `strong` emphasises it, `time` and `moment` show an instant
(ms, UTC), `span` shows seconds as a length of time, `try|tries` counts. Nothing else is understood: no
attributes, no indexes, no HTML.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from string import Formatter
from typing import NamedTuple

Param = str | int


class Piece(NamedTuple):
    """A stretch of a text: `how` is empty for plain words, else how to show them."""

    how: str
    text: str
    value: Param = ""


TEXTS: dict[str, str] = {
    # --- Shared by several pages ---------------------------------------------------------------
    "email": "Email",
    "password": "Password",
    "code": "6-digit code",
    "code.hint": "The newest email has the code that works.",
    "or": "or",
    "back": "Back to {app}",
    "code_instead": "Type your email and code",
    "another_email": "Use a different email",
    "errors.many": "Please check these things:",
    "page_title": "{title} – {app}",
    "page_title.error": "Error: {title} – {app}",
    "ribbon": "Development – no real mail is sent.",
    "ribbon.inbox": "Open the inbox",
    "show_password": "Show password",
    "copy": "Copy",
    "footer.links": "About this page",
    "footer.mark": "Kept safe by Vestibule",
    # Said by the script; without it nobody needs them.
    "live.copied": "Copied",
    "live.shown": "Password is visible",
    "live.hidden": "Password is hidden",
    "live.offline": "You are offline. What you typed is still here.",
    "live.meter.short": "Too short so far",
    "live.meter.fair": "Fair – a longer sentence is better",
    "live.meter.good": "Good and long",
    # --- Sign in -------------------------------------------------------------------------------
    "sign_in.title": "Sign in",
    "sign_in.heading": "Sign in to {app}",
    "sign_in.submit": "Sign in",
    "sign_in.busy": "Signing in…",
    "sign_in.code": "Email me a code instead",
    "sign_in.forgot": "Forgot password?",
    "sign_in.new": "New here?",
    "sign_in.create": "Create an account",
    # --- Create an account ---------------------------------------------------------------------
    "sign_up.title": "Create an account",
    "sign_up.heading": "Create your {app} account",
    "sign_up.name": "Name (optional)",
    "sign_up.submit": "Create account",
    "sign_up.busy": "Creating…",
    "sign_up.have": "Already have an account?",
    "new_password.hint": "At least {least} characters. A short sentence is strong and easy to remember.",
    # --- Enter a code --------------------------------------------------------------------------
    "enter_code.title": "Check your email",
    "enter_code.lead.verify": "We sent an email to {address:strong}. The 6-digit code in it works for {valid:span}.",
    "enter_code.lead.magic-link": "If {address:strong} has an account, a 6-digit code is on its way. "
    "It works for {valid:span}.",
    "enter_code.lead.reset": "If {address:strong} has an account, a 6-digit code is on its way. "
    "It works for {valid:span}.",
    "enter_code.lead.change-email": "We sent a 6-digit code to {address:strong}. It works for {valid:span}.",
    "enter_code.lead.typed": "Type the address the email was sent to and the 6-digit code in it.",
    "enter_code.submit": "Verify",
    "enter_code.busy": "Checking…",
    "enter_code.resend": "Send a new code",
    "enter_code.patience": "It can take a minute. Look in spam too.",
    "enter_code.typed.title": "Enter your code",
    # --- Forgot password -----------------------------------------------------------------------
    "recovery.title": "Forgot your password?",
    "recovery.lead": "Type your email and we will send you a link and a code to set a new password.",
    "recovery.submit": "Send the email",
    "recovery.busy": "Sending…",
    "recovery.remembered": "Remembered it?",
    "recovery_sent.title": "Check your email",
    "recovery_sent.lead": "If {address:strong} has an account, an email is on its way. "
    "The link in it works for {valid:span}, the code for {code:span}.",
    "recovery_sent.code": "Enter the code",
    "recovery_sent.resend": "Send it again",
    "reset.title": "Choose a new password",
    "reset.lead": "For your security this signs you out everywhere. Then sign in with the new password.",
    "reset.username": "Your email",
    "reset.password": "New password",
    "reset.submit": "Save new password",
    "reset.busy": "Saving…",
    # --- The link of a mail --------------------------------------------------------------------
    "link.verify.title": "Confirm your email",
    "link.verify.lead": "One click and {address:strong} is confirmed.",
    "link.verify.submit": "Confirm email",
    "link.magic-link.title": "Sign in to {app}",
    "link.magic-link.lead": "You asked to sign in as {address:strong}.",
    "link.magic-link.submit": "Sign in",
    "link.reset.title": "Reset your password",
    "link.reset.lead": "You asked for a new password for {address:strong}.",
    "link.reset.submit": "Continue to reset",
    "link.change-email.title": "Confirm your new email",
    "link.change-email.lead": "From now on you will sign in with {address:strong}.",
    "link.change-email.submit": "Confirm new email",
    "link.busy": "One moment…",
    "link.app": "App",
    "link.device": "Asked from",
    "link.place": "Place",
    "link.asked": "Asked at",
    "link.until": "Works until",
    "link.not_you": "You did not ask for this? Close this page. Nothing happens until you press the button.",
    "link.resend": "Send a new one",
    "link.expired.title": "This link is too old",
    "link.expired.lead": "It worked until {until:moment}. Nothing is lost – we can send you a new one.",
    "link.used.title": "This link was already used",
    "link.used.lead": "It was used on {used:moment}. Each link works once.",
    "link.used.sign_in": "Sign in",
    "link.used.not_you": "Was that not you?",
    "link.used.secure": "Secure your account",
    "link.superseded.title": "There is a newer email",
    "link.superseded.lead": "This link was replaced when we sent another one on {sent:moment}. Use the newest email.",
    "link.malformed.title": "Part of the link is missing",
    "link.malformed.lead": "Your mail program may have cut it. Enter the code from the email instead.",
    "link.malformed.submit": "Verify",
    # --- Signed in, signed out -----------------------------------------------------------------
    "operator_link.title": "Welcome, operator",
    "operator_link.lead": "This link signs you in once, in this browser.",
    "operator_link.submit": "Sign in",
    "operator_link.dead.title": "This link was used or is too old",
    "operator_link.dead.lead": "Make a new one on the command line: {command:strong}",
    "signed_in.title": "You are signed in",
    "signed_in.lead": "You are signed in to {app} as {address:strong}.",
    "signed_in.continue": "Continue to {app}",
    "signed_in.sign_out": "Sign out",
    "sign_out.title": "Sign out",
    "sign_out.heading": "Sign out of {app}?",
    "sign_out.lead": "You are signed in as {address:strong} in this browser.",
    "sign_out.submit": "Sign out",
    "sign_out.busy": "Signing out…",
    "sign_out.stay": "Stay signed in",
    "signed_out.title": "You are signed out",
    "signed_out.lead": "You are signed out of {app}.",
    "signed_out.again": "Sign in again",
    # --- When something is in the way ----------------------------------------------------------
    "closed.title": "This way is closed",
    "closed.lead": "You cannot go on here. If you think that is a mistake, write to the people who run the app.",
    "server_error.title": "Something went wrong on our side",
    "server_error.lead": "It is not your fault. Try again in a moment; if it stays, tell us the reference.",
    "server_error.reference": "Reference",
    "server_error.retry": "Try again",
    "not_found.title": "There is no such page",
    "not_found.lead": "The address may be mistyped, or the page has moved.",
    "not_found.sign_in": "Go to sign-in",
    "flow_expired.title": "This page was open for too long",
    "flow_expired.lead": "Nothing was lost – start again.",
    "flow_expired.start": "Start again",
    "limited.title": "Too many tries",
    "limited.lead": "Try again at {until:time} (in {wait:span}).",
    "limited.retry": "Try again",
    "cookies_blocked.title": "Your browser did not send our cookie",
    "cookies_blocked.lead": "Allow cookies for {host:strong}, or open this page in a new tab.",
    "cookies_blocked.reload": "Reload",
    "untrusted_redirect.title": "This link does not belong to {app}",
    "untrusted_redirect.lead": "It wanted to send you to a place that {app} does not know.",
    "untrusted_redirect.home": "Go to {app}",
    # --- Notices above a form ------------------------------------------------------------------
    "wrong_pair": "That email and password do not match. Check both, or reset your password.",
    "rate_limited": "Too many tries. Try again at {until:time} (in {wait:span}).",
    "busy": "Too many people are signing in at this moment. Try again in {wait:span}.",
    "code_sent": "We have sent a new code. Older codes no longer work.",
    "code_wrong": "That code is not right. {left:try|tries} left.",
    "code_unknown": "That email and code do not match. Check both, or send a new code.",
    "code_expired": "That code is too old. We have sent a new one.",
    "code_replaced": "That was an older code. Use the newest email (sent {sent:time}).",
    "code_too_many": "Too many wrong codes. Start again with a new one.",
    "resend_soon": "We sent one a moment ago. You can ask again in {wait:span}.",
    "resend_limit": "We have sent {count:code|codes}. Wait until {until:time} or use another way.",
    "link_sent": "If the address is right, a new email is on its way. Older links no longer work.",
    "password_changed": "Your password was changed. Sign in with the new one.",
    "email_confirmed": "Your email is confirmed. You can sign in now.",
    "email_changed": "Your email was changed. Sign in with the new one.",
    # --- Next to a field: what to do, not only what is wrong -----------------------------------
    "email_missing": "Type your email address.",
    "email_invalid": "Type a full email address, like ada@example.com.",
    "email_taken": "There is an account with this address already. Sign in instead.",
    "name_invalid": "Use a shorter name, without line breaks.",
    "password_missing": "Type your password.",
    "password_short": "Use at least {least} characters.",
    "password_long": "Use at most {most} characters.",
    "password_similar": "This password is too close to your name or address. Choose another.",
    "password_common": "This password is on the lists that attackers try first. Choose another.",
    "code_missing": "Type the 6 digits from the email.",
    "code_malformed": "A code has 6 digits. Copy it from the email once more.",
    # --- Development inbox ---------------------------------------------------------------------
    "inbox.title": "Inbox",
    "inbox.lead": "Mail that {app} would have sent. In development none of it leaves this machine.",
    "inbox.empty": "No messages yet",
    "inbox.empty.lead": "Sign up with any address, and its mail lands here.",
    "inbox.empty.action": "Open the sign-up page",
    "inbox.clear": "Empty the inbox",
    "inbox.back": "All messages",
    "inbox.to": "To",
    "inbox.kind": "Kind",
    "inbox.code": "Code",
    "inbox.state": "State",
    "inbox.time": "Time",
    "inbox.until": "Works until",
    "inbox.copy_code": "Copy code",
    "inbox.copy_link": "Copy link",
    "inbox.open_link": "Open link here",
    "inbox.private": "To try it as somebody else, copy the link into a private window.",
    "inbox.html": "HTML",
    "inbox.html.frame": "The mail as its reader sees it",
    "inbox.text": "Text",
    "inbox.source": "Headers and source",
    "inbox.no_source": "This message has no raw source.",
    "inbox.state.valid": "valid",
    "inbox.state.used": "used",
    "inbox.state.expired": "expired",
    "inbox.state.superseded": "superseded",
    # --- The operator's first page -------------------------------------------------------------
    "operator.title": "{app} is ready",
    "operator.lead": "You are in as {email:strong}. This link worked once; "
    "keep the page open, or ask the terminal for a new link.",
    "operator.connect": "Connect your app",
    "operator.connect.lead": "What a client needs. The client key is public; it may sit in a browser.",
    "operator.rest": "Environment URL",
    "operator.rest.hint": "For everything but realtime.",
    "operator.realtime": "Environment URL with realtime",
    "operator.realtime.hint": "The same place under a name that tells the client its realtime address.",
    "operator.client_key": "Client key",
    "operator.api_key": "API key",
    "operator.api_key.hint": "For servers only. It may do everything: never put it in a browser.",
    "operator.api_key.masked": "Shown once, when it was made. Lost it? Make a new one on the command line.",
    "operator.redirect": "Redirect URL",
    "operator.redirect.hint": "Where confirmed people arrive, with an access token.",
    "operator.snippet": "Paste this",
    "operator.snippet.lead": "The npm package is used as it is: {package:strong}.",
    "operator.snippet.name": "Code for the npm package",
    "operator.look": "Look around",
    "operator.sign_in": "Sign-in page",
    "operator.sign_in.lead": "What your users see",
    "operator.inbox": "Inbox",
    "operator.inbox.lead": "Every mail of this machine",
    # --- A value, not a sentence ---------------------------------------------------------------
    "value": "{value}",
    "value.moment": "{at:moment}",
}


def pieces(message_id: str, params: Mapping[str, Param]) -> Iterator[Piece]:
    """Cut a text into plain words and parameters, each with how it is to be shown."""
    for words, name, how, _ in Formatter().parse(TEXTS[message_id]):
        if words:
            yield Piece("", words)
        if name is not None:
            value = params[name]
            yield Piece(how or "", _shown(value, how or ""), value)


def plain(message_id: str, params: Mapping[str, Param]) -> str:
    """The sentence without any mark-up."""
    return "".join(piece.text for piece in pieces(message_id, params))


def _shown(value: Param, how: str) -> str:
    match how:
        case "" | "strong":
            return str(value)
        case "time":
            return f"{_utc(int(value)):%H:%M} UTC"
        case "moment":
            at = _utc(int(value))
            return f"{at.day} {at:%b %Y, %H:%M} UTC"
        case "span":
            return _span(int(value))
        case _:
            one, many = how.split("|")
            return f"{value} {one if int(value) == 1 else many}"


def _utc(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _span(seconds: int) -> str:
    """Seconds in the largest unit that stays honest: 90 -> 2 minutes, never 1."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        # Two days rather than one, so that "24 hours" keeps the name people know it by.
        if seconds >= size * (2 if name == "day" else 1):
            count = -(-seconds // size)
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{max(seconds, 1)} second{'s' if seconds > 1 else ''}"
