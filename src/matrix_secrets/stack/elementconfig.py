"""Element's config.json: where it names the homeserver."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Path
    from matrix_secrets.stack.configtext import ConfigText

# https://github.com/element-hq/element-web/blob/develop/docs/config.md#homeserver-configuration
_MODERN: Final[Path] = ("default_server_config", "m.homeserver")
BASE_URL: Final[Path] = (*_MODERN, "base_url")
SERVER_NAME: Final[Path] = (*_MODERN, "server_name")
_OLD_BASE_URLS: Final[tuple[Path, ...]] = (("default_hs_url",),)


def base_url_paths(config: ConfigText) -> list[Path]:
    """Return the paths that hold the homeserver's URL: the one in default_server_config, and deprecated ones in use."""
    old = [path for path in _OLD_BASE_URLS if config.node(path) is not None]
    return [BASE_URL, *old] if config.node(_MODERN) is not None else old


def server_name_paths(config: ConfigText) -> list[Path]:
    """Return the paths that hold the server name."""
    return [SERVER_NAME] if config.node(_MODERN) is not None else []


def is_json(config: ConfigText) -> bool:
    """Tell whether the text is JSON, as Element wants it, and not only YAML."""
    try:
        json.loads(config.embedded.text)
    except ValueError:
        return False
    return True
