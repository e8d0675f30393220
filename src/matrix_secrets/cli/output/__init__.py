"""What the user sees: text for people, one JSON object for programs."""

from __future__ import annotations
