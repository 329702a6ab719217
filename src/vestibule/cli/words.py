"""What the command line says when the house says no: the reason, and what to do."""

from __future__ import annotations

from vestibule.kernel.errors import Code

WORDS: dict[Code, str] = {
    Code.APP_UNKNOWN: "Which app? None or several fit: choose one of `vestibule app list` with --app.",
    Code.USER_NOT_FOUND: (
        "There is no such user. `vestibule user list` shows who is there; an old key is written with its system,"
        " like django:4."
    ),
    Code.NOT_FOUND: "There is no such thing, or it has ended already.",
    Code.EMAIL_INVALID: "This is no e-mail address.",
    Code.EMAIL_TAKEN: "A user with this address is there already: `vestibule user show ADDRESS`.",
    Code.USERNAME_INVALID: (
        "This is no user name: letters, digits and signs without blanks, at most 150; an address only if it is the"
        " user's own verified one."
    ),
    Code.USERNAME_TAKEN: "A user of this name is there already: `vestibule user show NAME`.",
    Code.FIELD_REQUIRED: "{field} is missing.",
    Code.FIELD_INVALID: "{field} has a value that does not fit. docs/policy.md shows what each field takes.",
    Code.FIELD_UNKNOWN: "{field} is not known here. docs/policy.md lists the fields of a policy.",
    Code.FIELD_PROTECTED: "{field} is kept by the house and cannot be written.",
    Code.KEY_TOO_YOUNG: (
        "The next key was published a moment ago, and services may not have read it yet: try again in {retry_after_s}"
        " seconds. If a key is known to somebody, do not wait: add --emergency."
    ),
    Code.KEY_SHARED: (
        "Tokens are signed with {algorithm}, a secret that nobody but you can replace. From that moment on, what the"
        " old one signed is refused:\n  vestibule signing-key set {algorithm} --from-file FILE --emergency"
    ),
    Code.KEY_MISSING: (
        "{algorithm} needs a SIGNING_KEY that the services know too, and none was given. First give it, then choose the"
        " algorithm:\n  vestibule signing-key set {algorithm} --from-file FILE"
    ),
    Code.FEATURE_OFF: (
        "The master keys stand in the environment, where no command can change them: put the key of"
        " `vestibule keys new` in front of the others in VESTIBULE_MASTER_KEY, with a comma, and restart."
    ),
    Code.PASSWORD_TOO_SHORT: "The password is too short: at least {min} characters.",
    Code.PASSWORD_TOO_LONG: "The password is too long: at most {max} characters.",
    Code.PASSWORD_COMMON: "This password is on lists of common and leaked ones. Choose another.",
    Code.PASSWORD_SIMILAR: "The password is mostly the user's own name or address. Choose another.",
    Code.PASSWORD_IS_EMAIL: "This is an e-mail address, not a password.",
    Code.OVERLOADED: "The server has too much to do at the moment. Try again.",
    Code.UNAVAILABLE: "The database does not take it at the moment: `vestibule doctor` may know why.",
}


def words_of(error: object) -> str:
    """A sentence for an error as the operations answer it."""
    match error:
        case {"fields": {"field": str(field), "why": str(why)}}:
            return f"{field} does not fit: {why}."
        case {"code": str(code), "fields": dict(fields)}:
            words = WORDS.get(Code(code)) if code in set(Code) else None
            return (words or f"The house refuses: {code} {fields or ''}".strip()).format_map(_Fields(fields))
    return "The server failed. Its log (standard error) says why."


class _Fields(dict[str, object]):
    """Fields of an error; one that is missing is named."""

    def __missing__(self, name: str) -> str:
        return name
