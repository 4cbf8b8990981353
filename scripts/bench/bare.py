"""Bare Flask views that only decode a request's body, for comparison in `ingest.py`."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, request

app = Flask(__name__)


@app.post("/")
def plays() -> tuple[dict[str, Any], int]:
    """Decode the body with Python's json, and answer as our server does."""
    json.loads(request.get_data())
    return {"accepted": 1, "late": 0, "rejected": 0, "errors": [], "notes": []}, 202


@app.post("/json")
def json_message() -> dict[str, str]:
    """Decode the JSON of a music client, and answer as ListenBrainz does."""
    json.loads(request.get_data())
    return {"status": "ok"}


@app.post("/form")
def form_message() -> str:
    """Decode the form of a music client, and answer as Audioscrobbler does."""
    request.form.to_dict()
    return "OK\n"
