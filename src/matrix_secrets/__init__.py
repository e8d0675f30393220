"""Secrets of a Matrix stack in a Flux repository: generate, encrypt, rotate, verify."""

from __future__ import annotations

__version__ = "0.1.0"
