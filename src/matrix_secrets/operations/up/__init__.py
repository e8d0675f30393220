"""The whole guide, in order: each step looks at the world first, so that a second run goes on where one stopped."""

from __future__ import annotations
