"""What ``doctor`` looks at: one file a link of the chain, `registry` lists them all."""

from __future__ import annotations
