"""What mails say: advice that its reader can follow."""

import pytest

from vestibule.core.messages.model import MessageKind
from vestibule.core.messages.templates import Asked, notice

ASKED = Asked("Acme", "ada@acme.test", "Firefox on Linux", "203.0.113.9", 1_795_264_320_000)


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (MessageKind.ACCOUNT_EXISTS, "You can ignore this mail."),
        (MessageKind.NO_ACCOUNT, "You can ignore this mail."),
        (MessageKind.EMAIL_CHANGED, "If this was not you, write to the people who run the app at once."),
        (
            MessageKind.PASSWORD_CHANGED,
            "If this was not you, reset your password at once and write to the people who run the app.",
        ),
    ],
)
def test_a_notice_ends_with_what_to_do(kind, advice):
    assert notice(kind, ASKED).footer == (advice,)


def test_who_has_no_account_is_told_what_may_be_the_matter():
    assert notice(MessageKind.NO_ACCOUNT, ASKED).paragraphs[-1] == (
        "Perhaps you used another address, or have not confirmed yours yet: look for that mail, or sign up again."
    )
