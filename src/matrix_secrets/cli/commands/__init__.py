"""One file a command: parse, call one operation, show its result. ``cli.registry`` says where each stands."""

from __future__ import annotations
