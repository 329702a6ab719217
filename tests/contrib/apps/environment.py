"""What the three apps have in common: where the issuer is, and what they show."""

import os

OPTIONS = {
    "url": os.environ["ISSUER_URL"],
    "api_key": os.environ["ISSUER_KEY"],
    "feed": os.environ["ISSUER_FEED"] or True,
}


def shown(user):
    return {"username": user.username, "roles": list(user.roles), "sub": user.sub}
