"""What ``verify`` looks at: one file a check, `registry` lists them all."""

from __future__ import annotations
