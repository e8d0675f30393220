"""Whether something answers over HTTP."""

from __future__ import annotations

import urllib.request
from urllib.error import URLError


def answers(url: str) -> bool:
    """Tell whether a GET is answered with 200 within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status) == 200
    except (URLError, OSError):
        return False
