"""public_baseurl and Element's base_url: URLs, and the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.settings import Meaning, Setting, element_settings, homeserver_settings, server_name_of
from matrix_secrets.errors import UsageError
from matrix_secrets.records import dataclass
from matrix_secrets.stack.homeserver import PUBLIC_BASEURL, real_server_name
from matrix_secrets.stack.servername import check_base_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding
    from matrix_secrets.stack.model import Stack

INVALID: Final = error(
    "url-invalid",
    "A URL that clients are given is none: no http:// or https://, no host, or a port that cannot be.",
    "Write it like `http://192.168.1.100:30067`.",
)
MISMATCH: Final = error(
    "base-url-mismatch",
    "Element's base_url is not Synapse's public_baseurl: Element shows “Homeserver not found”.",
    "`matrix-secrets configure --server-name NAME --public-baseurl URL` sets both.",
)
KINDS: Final = (INVALID, MISMATCH)

DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Url:
    """A URL taken apart, the default port filled in. ``path`` has no slash at its end."""

    scheme: str
    host: str
    port: int
    path: str


def read_url(text: str) -> Url | None:
    """Take a URL apart; None where it is none that clients could use."""
    try:
        check_base_url(text)
    except UsageError:
        return None
    parts = urlsplit(text)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return Url(parts.scheme, parts.hostname or "", port, parts.path.rstrip("/"))


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is no URL, and each base_url that differs; placeholders are another check's."""
    for stack in subject.stacks:
        own = [each for each in homeserver_settings(stack) if each.meaning is Meaning.URL and not each.open]
        shown = [each for each in element_settings(stack) if each.meaning is Meaning.URL and not each.open]
        for setting in (*own, *shown):
            if read_url(setting.text) is None:
                fix = subject.edit(setting.config.file, "write a URL there, like http://192.168.1.100:30067")
                yield INVALID.at(setting.config.place(setting.path), "is not a URL that clients can use", fix)
        wanted = _wanted(stack, own)
        for setting in shown:
            url = read_url(setting.text)
            if url is not None and wanted and url not in wanted:
                right = own[0].text if own else setting.text
                fix = subject.command(
                    f"configure --server-name {server_name_of(stack)} --public-baseurl {right}", stack
                )
                message = f"is {setting.text}, but {next(iter(wanted.values()))}"
                yield MISMATCH.at(setting.config.place(setting.path), message, fix)


def _wanted(stack: Stack, own: list[Setting]) -> dict[Url, str]:
    """The URLs that Synapse gives clients, each with where that is said."""
    if any(config.node(PUBLIC_BASEURL) is not None for config in stack.homeservers):
        urls = ((read_url(setting.text), setting) for setting in own)
        return {url: f"{each.config.place(each.path)} is {each.text}" for url, each in urls if url is not None}
    names = (name for config in stack.homeservers if (name := real_server_name(config)))
    found = ((read_url(f"https://{name}/"), name) for name in names)
    said = "without a public_baseurl Synapse takes"
    return {url: f"{said} https://{name}/" for url, name in found if url is not None}
