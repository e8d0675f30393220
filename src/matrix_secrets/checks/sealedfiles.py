"""The files that a sealed homeserver.yaml names: each has to be the right key of the Secret, in every container."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error, warning
from matrix_secrets.stack.layouts import has_option
from matrix_secrets.stack.model import SecretSpot
from matrix_secrets.stack.secretmounts import NoFile, OtherFile, SecretFile, file_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding
    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.model import ManagedSecret, Stack
    from matrix_secrets.stack.synapsepods import SynapseContainer

NO_FILE: Final = error(
    "sealed-file-missing",
    "homeserver.yaml names a file that a container of Synapse does not have: no volume, no item for it, or a subPath "
    "that names nothing.",
    "`matrix-secrets seal` adds the volume, its items and the mounts.",
)
WRONG_FILE: Final = error(
    "sealed-file-wrong",
    "The file that homeserver.yaml names for a secret is another key, or another Secret.",
    "Correct the volume's items, or the option.",
)
UNREADABLE: Final = error(
    "sealed-file-unreadable",
    "A file of a secret has a mode that Synapse, which does not run as root, cannot read.",
    "`defaultMode: 420` (0644), and no `mode` of its own.",
)
ELSEWHERE: Final = warning(
    "sealed-file-elsewhere",
    "homeserver.yaml reads a secret from a volume that is no Secret's: a new value in the Secret does not reach it.",
    "Name a path that no volume has yet, then `matrix-secrets seal`.",
)
FILE_KINDS: Final = (NO_FILE, WRONG_FILE, UNREADABLE, ELSEWHERE)


def check_files(
    subject: Subject, stack: Stack, config: ConfigText, containers: Sequence[SynapseContainer]
) -> Iterator[Finding]:
    """Yield a finding for each file that is not what its option needs."""
    for secret in stack.managed:
        option = secret.declaration.path_option
        if option is None or not has_option(config, option):
            continue
        path = config.text((option,)) or ""
        for container in containers:
            yield from _file(subject, stack, secret, container, path)


def _file(
    subject: Subject, stack: Stack, secret: ManagedSecret, container: SynapseContainer, path: str
) -> Iterator[Finding]:
    place, file = container.place("volumeMounts"), container.workload.resource.stream.file
    held = {(each.spot.resource.name, each.spot.key) for each in secret.locations if isinstance(each.spot, SecretSpot)}
    match file_at(container, path):
        case NoFile(why):
            message = f"{path}, which Synapse reads {secret.name} from, is not there: {why}"
            yield NO_FILE.at(place, message, subject.command("seal", stack))
        case OtherFile(volume):
            message = f"{path}, which Synapse reads {secret.name} from, is in the volume {volume}, not in a Secret"
            option = secret.declaration.path_option
            fix = f"take {option} out of homeserver.yaml, then: {subject.command('seal', stack)}"
            yield ELSEWHERE.at(place, message, fix)
        case SecretFile(name, key, readable):
            if held and (name, key) not in held and all(holder for holder, _ in held):
                message = f"{path} is {key} of Secret/{name}, but Synapse reads {secret.name} from it"
                what = f"make the item of the volume with that path {secret.name}"
                yield WRONG_FILE.at(place, message, subject.edit(file, what))
            elif not readable:
                message = f"{path} has a mode that lets only root read it, and Synapse is not root"
                yield UNREADABLE.at(place, message, subject.edit(file, "set defaultMode: 420 and no mode in the items"))
