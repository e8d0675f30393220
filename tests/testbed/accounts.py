"""The accounts of this machine that real services run as."""

from __future__ import annotations

import os
import pwd

SYNAPSE = 991  # as in its image; no entry in /etc/passwd is needed


def unprivileged() -> pwd.struct_passwd | None:
    """Who runs what refuses to be root, such as PostgreSQL; None when we are not root anyway."""
    if os.geteuid() != 0:
        return None
    return next(user for user in map(_account, ("postgres", "nobody")) if user is not None)


def _account(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
