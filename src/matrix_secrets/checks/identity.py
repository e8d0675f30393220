"""The server's name: there, well-formed, and the same in homeserver.yaml and in Element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.settings import Meaning, Setting, element_settings, homeserver_settings
from matrix_secrets.errors import UsageError
from matrix_secrets.stack.homeserver import SERVER_NAME
from matrix_secrets.stack.servername import check_server_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding
    from matrix_secrets.stack.model import Stack

MISSING: Final = error(
    "server-name-missing",
    "homeserver.yaml has no server_name: Synapse does not start.",
    "`matrix-secrets configure --server-name NAME --node-ip IP`",
)
INVALID: Final = error(
    "server-name-invalid",
    "A server_name is no host name or IP address with an optional port: Synapse does not start on it.",
    "Correct it before the first user exists; later it can never change.",
)
MISMATCH: Final = error(
    "server-name-mismatch",
    "Element's server_name is not the one of homeserver.yaml: log-in shows “Homeserver not found”.",
    "Make Element's the one of homeserver.yaml, which can never change once users exist.",
)
KINDS: Final = (MISSING, INVALID, MISMATCH)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with the names; placeholders are another check's."""
    for stack in subject.stacks:
        for config in stack.homeservers:
            if config.readable and config.node(SERVER_NAME) is None:
                fix = subject.command("configure --server-name NAME --node-ip IP", stack)
                yield MISSING.at(config.place(SERVER_NAME), "there is no server_name", fix)
        own = [each for each in homeserver_settings(stack) if each.meaning is Meaning.NAME and not each.open]
        shown = [each for each in element_settings(stack) if each.meaning is Meaning.NAME and not each.open]
        for setting in (*own, *shown):
            try:
                check_server_name(setting.text)
            except UsageError as fault:
                yield _invalid(subject, setting, fault)
        for setting in shown:
            if own and setting.text not in {each.text for each in own}:
                yield _mismatch(subject, stack, setting, own[0])


def _invalid(subject: Subject, setting: Setting, fault: UsageError) -> Finding:
    fix = subject.edit(setting.config.file, "write only a host name or an IP address there, without http:// or a path")
    return INVALID.at(setting.config.place(setting.path), f"{setting.text}: {_reason(fault)}", fix)


def _mismatch(subject: Subject, stack: Stack, setting: Setting, own: Setting) -> Finding:
    message = f"is {setting.text}, but {own.config.place(own.path)} is {own.text}"
    fix = subject.command(f"configure --server-name {own.text}", stack)
    return MISMATCH.at(setting.config.place(setting.path), message, fix)


def _reason(fault: UsageError) -> str:
    """What is wrong, without the option that a command line would have named."""
    return fault.message.partition(": ")[2]
