"""The settings that the guide asks for, where they stand: the server's name and its URL."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from matrix_secrets.records import dataclass
from matrix_secrets.stack.elementconfig import base_url_paths, server_name_paths
from matrix_secrets.stack.homeserver import PUBLIC_BASEURL, SERVER_NAME, real_server_name
from matrix_secrets.stack.placeholders import is_example_host, is_example_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.manifests.nodes import Path
    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.model import Stack


class Meaning(StrEnum):
    """What a setting says."""

    NAME = "server name"
    URL = "URL"


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that is there. ``text`` is its value, which is no secret."""

    config: ConfigText
    path: Path
    meaning: Meaning
    text: str

    @property
    def open(self) -> bool:
        """Whether it still leads to nobody: a placeholder or an example."""
        if self.meaning is Meaning.URL:
            return is_example_url(self.text)
        host, _, port = self.text.rpartition(":")
        return is_example_host(host if host and port.isdigit() else self.text)


def homeserver_settings(stack: Stack) -> Iterator[Setting]:
    """Yield server_name and public_baseurl of each homeserver.yaml."""
    for config in stack.homeservers:
        yield from _present(config, [SERVER_NAME], Meaning.NAME)
        yield from _present(config, [PUBLIC_BASEURL], Meaning.URL)


def element_settings(stack: Stack) -> Iterator[Setting]:
    """Yield the homeserver's name and URL of each config.json."""
    for config in stack.elements:
        yield from _present(config, server_name_paths(config), Meaning.NAME)
        yield from _present(config, base_url_paths(config), Meaning.URL)


def server_name_of(stack: Stack) -> str:
    """The stack's real server name, for a command line; ``NAME`` where it has none yet."""
    return next((name for config in stack.homeservers if (name := real_server_name(config))), "NAME")


def _present(config: ConfigText, paths: Sequence[Path], meaning: Meaning) -> Iterator[Setting]:
    for path in paths:
        text = config.text(path)
        if text is not None:
            yield Setting(config, path, meaning, text)
