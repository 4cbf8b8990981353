"""A bare Flask view that only decodes a play: what `ingest.py` compares requests of one play with."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, request

app = Flask(__name__)


@app.post("/")
def plays() -> tuple[dict[str, Any], int]:
    """Decode the body with what Python has, and answer as our server does."""
    json.loads(request.get_data())
    return {"accepted": 1, "late": 0, "rejected": 0, "errors": []}, 202
