"""Rotation of managed secrets: what is chosen, what it does to whom, the files that change, and what remains to do."""
