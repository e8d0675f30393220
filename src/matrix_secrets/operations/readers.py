"""Recipients with their names, as a new rule of ``.sops.yaml`` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.agekeys.recipient import parse_list
from matrix_secrets.gitrepo.command import run_git

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matrix_secrets.agekeys.discovery import Discovered
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.operations.coverage import Named


def named_recipients(text: str, own: Callable[[], Sequence[Named]]) -> Sequence[Named]:
    """Read ``--age R,…``: an ssh key's name is its comment, one's own key bears one's own.

    Raises RefusedError for what is no recipient.
    """
    recipients = list(dict.fromkeys(parse_list(text)))
    if not recipients:
        return ()
    names = dict(own())
    return tuple((recipient.key, recipient.comment or names.get(recipient.key, "")) for recipient in recipients)


def own_recipients(discovered: Discovered, work_tree: WorkTree) -> Sequence[Named]:
    """Name the recipients of the local identities; of a key behind a passphrase too, where its recipient is known."""
    found = [identity.recipient for identity in discovered.identities]
    found += [locked.recipient for locked in discovered.locked if locked.recipient is not None]
    name = _user(work_tree)
    return tuple((recipient.key, recipient.comment or name) for recipient in dict.fromkeys(found))


def _user(work_tree: WorkTree) -> str:
    """Return the name that one's commits bear, which stands in the repository anyway; else the system's."""
    import getpass  # noqa: PLC0415  only for a new rule

    name = run_git(work_tree, "config", "--get", "user.name", ok=(0, 1)).text
    try:
        return " ".join(name.split()) or getpass.getuser()
    except (OSError, KeyError):  # no such user in the system's list: KeyError until Python 3.13
        return ""
