"""The options of a homeserver.yaml that this program reads and sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.stack.placeholders import is_example_host, is_example_url

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Path
    from matrix_secrets.stack.configtext import ConfigText

SERVER_NAME: Final[Path] = ("server_name",)
PUBLIC_BASEURL: Final[Path] = ("public_baseurl",)
ENABLE_REGISTRATION: Final[Path] = ("enable_registration",)
REGISTRATION_WITHOUT_VERIFICATION: Final[Path] = ("enable_registration_without_verification",)
_TRUE: Final = frozenset({"true", "yes", "on", "y"})  # as PyYAML, which Synapse uses, reads them


def real_server_name(config: ConfigText) -> str | None:
    """Return the server name; None where there is none, or a placeholder."""
    name = config.text(SERVER_NAME)
    return None if name is None or is_example_host(name.strip()) else name


def real_public_baseurl(config: ConfigText) -> str | None:
    """Return the public URL; None where there is none, or one that leads to a placeholder."""
    url = config.text(PUBLIC_BASEURL)
    return None if url is None or is_example_url(url) else url


def is_on(config: ConfigText, path: Path) -> bool:
    """Tell whether an option is switched on."""
    return (config.text(path) or "").lower() in _TRUE
