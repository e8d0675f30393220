"""Where sops keeps and expects identities on each system, by environment (age/keysource.go and Go's os package)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from matrix_secrets.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping


def home_directory(env: Mapping[str, str]) -> Path:
    """Return the home directory, from the environment alone, as Go does. Raises `RefusedError` if HOME is not set."""
    home = env.get("HOME", "")
    if not home:
        raise RefusedError("HOME is not set, so there is no place to look for keys", hint="export HOME=~")
    return Path(home)


def config_directory(env: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return the directory that holds ``sops/age/keys.txt``. Raises `RefusedError` if it cannot be told."""
    configured = env.get("XDG_CONFIG_HOME", "")
    if platform == "darwin":
        return Path(configured) if configured else home_directory(env) / "Library" / "Application Support"
    if not configured:
        return home_directory(env) / ".config"
    if not configured.startswith("/"):
        raise RefusedError("XDG_CONFIG_HOME is a relative path; sops refuses that", hint="unset XDG_CONFIG_HOME")
    return Path(configured)


def default_key_path(env: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return the identity file that sops reads without being told to. Raises `RefusedError` as `config_directory`."""
    return config_directory(env, platform) / "sops" / "age" / "keys.txt"


def shown(path: Path, env: Mapping[str, str]) -> str:
    """Name a path for people: the home directory as ``~``."""
    home = env.get("HOME", "")
    if home and home != "/" and path.is_relative_to(home):
        return f"~/{path.relative_to(home).as_posix()}"
    return str(path)
