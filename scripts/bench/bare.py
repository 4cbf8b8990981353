"""A bare Flask view that only decodes a play, for comparison in `ingest.py`."""

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
