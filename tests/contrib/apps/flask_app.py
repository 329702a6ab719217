"""A Flask app as a server runs it."""

from flask import Flask, g

from tests.contrib.apps.environment import OPTIONS, shown
from vestibule.contrib.flask import Vestibule

app = Flask("served")
vestibule = Vestibule(app, **OPTIONS)


@app.get("/")
@vestibule.required
def me():
    return shown(g.vestibule)
