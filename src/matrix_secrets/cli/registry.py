"""Which commands there are and where each stands. Nothing is imported before it is called for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


STACKS: Final = "stacks"
REPOSITORY: Final = "repository"
NEITHER: Final = ""


class Entry(NamedTuple):
    """A command: ``target`` is ``module:attribute``, ``help`` the first line of its help (a test compares them).

    ``hidden``: programs run it, people are not shown it. ``on`` is what it works on: STACKS, the REPOSITORY as a whole,
    or NEITHER; its name in a message is followed by the options that say which.
    """

    target: str
    help: str
    hidden: bool = False
    on: str = STACKS


class GroupEntry(NamedTuple):
    """Commands under a common word."""

    help: str
    commands: Mapping[str, Entry]


_PACKAGE: Final = "matrix_secrets.cli.commands"

COMMANDS: Final[Mapping[str, Entry | GroupEntry]] = {
    "up": Entry(f"{_PACKAGE}.up:up", "The whole guide, from placeholders to an administrator who can log in."),
    "new": Entry(f"{_PACKAGE}.new:new", "Make a complete repository for Flux in DIR.", on=NEITHER),
    "keys": GroupEntry(
        "Age keys: who can read the encrypted files.",
        {
            "generate": Entry(
                f"{_PACKAGE}.keys_generate:keys_generate", "Make an age identity, where sops looks for one.", on=NEITHER
            ),
            "list": Entry(f"{_PACKAGE}.keys_list:keys_list", "List who reads which encrypted files.", on=REPOSITORY),
            "add": Entry(f"{_PACKAGE}.keys_add:keys_add", "Let somebody read the encrypted files.", on=REPOSITORY),
            "remove": Entry(
                f"{_PACKAGE}.keys_remove:keys_remove",
                "Take somebody off every encrypted file, so that it really ends.",
                on=REPOSITORY,
            ),
            "sync": Entry(
                f"{_PACKAGE}.keys_sync:keys_sync",
                "Let the encrypted files follow .sops.yaml, after it was edited or merged.",
                on=REPOSITORY,
            ),
            "backup": Entry(
                f"{_PACKAGE}.keys_backup:keys_backup",
                "Write your identity to FILE, under a passphrase, and try that it opens today's files.",
                on=REPOSITORY,
            ),
            "recover": Entry(
                f"{_PACKAGE}.keys_recover:keys_recover",
                "Open a backup of an identity, try it on today's files, and put it where sops looks.",
                on=REPOSITORY,
            ),
        },
    ),
    "cluster": GroupEntry(
        "The cluster: Flux's key, its order to decrypt, and whether it has applied what was pushed.",
        {
            "install-key": Entry(
                f"{_PACKAGE}.cluster_install_key:cluster_install_key",
                "Give the cluster an age identity that Flux decrypts with.",
            ),
            "enable-decryption": Entry(
                f"{_PACKAGE}.cluster_enable_decryption:cluster_enable_decryption",
                "Let Flux decrypt the stack: spec.decryption of the Kustomization that owns it.",
            ),
            "reconcile": Entry(
                f"{_PACKAGE}.cluster_reconcile:cluster_reconcile",
                "Let Flux apply what was pushed, and wait until it has.",
            ),
        },
    ),
    "configure": Entry(f"{_PACKAGE}.configure:configure", "Set the server's name and URLs in every place."),
    "generate": Entry(f"{_PACKAGE}.generate:generate", "Fill every secret that is missing or a placeholder."),
    "encrypt": Entry(f"{_PACKAGE}.encrypt:encrypt", "Encrypt every file that holds secrets, and a rule for it."),
    "decrypt": Entry(f"{_PACKAGE}.decrypt:decrypt", "Print the plain text of an encrypted file.", on=REPOSITORY),
    "edit": Entry(f"{_PACKAGE}.edit:edit", "Edit an encrypted file in your editor.", on=REPOSITORY),
    "show": Entry(f"{_PACKAGE}.show:show", "Show each secret: set, where, and whether all places agree."),
    "seal": Entry(
        f"{_PACKAGE}.seal:seal", "Keep every secret in one place: homeserver.yaml names files, and holds none."
    ),
    "rotate": Entry(f"{_PACKAGE}.rotate:rotate", "Give secrets new values, in Git, the cluster and the database."),
    "admin": GroupEntry(
        "The server's administrators.",
        {
            "create": Entry(
                f"{_PACKAGE}.admin_create:admin_create",
                "Make the administrator NAME, with a password that is shown once.",
            ),
        },
    ),
    "registration": GroupEntry(
        "Whether whoever reaches the server can make an account.",
        {
            "close": Entry(f"{_PACKAGE}.registration:registration_close", "Let nobody make an account, and prove it."),
            "open": Entry(
                f"{_PACKAGE}.registration:registration_open", "Let whoever reaches the server make an account."
            ),
        },
    ),
    "tls": GroupEntry(
        "Encrypted connections.",
        {
            "enable": Entry(
                f"{_PACKAGE}.tls_enable:tls_enable",
                "Serve everything under https, with a certificate of cert-manager's.",
            ),
        },
    ),
    "turn": GroupEntry(
        "Voice and video calls between networks.",
        {
            "enable": Entry(
                f"{_PACKAGE}.turn_enable:turn_enable", "Relay calls: coturn beside the stack, its secret managed."
            ),
        },
    ),
    "federation": GroupEntry(
        "With which servers Synapse federates.",
        {
            "allow": Entry(f"{_PACKAGE}.federation:federation_allow", "Federate with these servers only."),
            "off": Entry(f"{_PACKAGE}.federation:federation_off", "Federate with nobody."),
            "all": Entry(f"{_PACKAGE}.federation:federation_all", "Federate with everybody: Synapse's default."),
        },
    ),
    "verify": Entry(f"{_PACKAGE}.verify:verify", "Check everything that can be checked offline."),
    "doctor": Entry(
        f"{_PACKAGE}.doctor:doctor", "Find the broken link between your key and Element, and what mends it."
    ),
    "hooks": GroupEntry(
        "Git hooks, and drivers that show and merge encrypted files.",
        {
            "install": Entry(
                f"{_PACKAGE}.hooks_install:hooks_install",
                "Let Git ask before each commit and push, and show and merge encrypted files by value.",
                on=REPOSITORY,
            ),
            "uninstall": Entry(
                f"{_PACKAGE}.hooks_uninstall:hooks_uninstall",
                "Take the hooks and drivers away, and put back the hooks that stood there before.",
                on=REPOSITORY,
            ),
            "pre-commit": Entry(
                f"{_PACKAGE}.hooks_pre_commit:hooks_pre_commit",
                "Look at what is staged; the pre-commit hook runs this.",
                hidden=True,
                on=REPOSITORY,
            ),
            "pre-push": Entry(
                f"{_PACKAGE}.hooks_pre_push:hooks_pre_push",
                "Look at the commits that would be pushed; the pre-push hook runs this.",
                hidden=True,
                on=REPOSITORY,
            ),
            "textconv": Entry(
                f"{_PACKAGE}.hooks_textconv:hooks_textconv",
                "Print an encrypted file as a diff shows it; Git's diff driver runs this.",
                hidden=True,
                on=REPOSITORY,
            ),
            "merge": Entry(
                f"{_PACKAGE}.hooks_merge:hooks_merge",
                "Merge two versions of an encrypted file into OURS; Git's merge driver runs this.",
                hidden=True,
                on=REPOSITORY,
            ),
        },
    ),
    "audit": Entry(f"{_PACKAGE}.audit:audit", "Look for secrets and private keys in the Git history.", on=REPOSITORY),
    "completion": Entry(f"{_PACKAGE}.completion:completion", "Print the completion script for your shell.", on=NEITHER),
}
STATUS: Final = Entry(f"{_PACKAGE}.status:status", "Say where the repository stands, and the next command.")


def names(on: str) -> list[str]:
    """Return the full names of the commands that work on STACKS, the REPOSITORY or NEITHER."""
    found = {}
    for name, entry in COMMANDS.items():
        if isinstance(entry, Entry):
            found[name] = entry.on
        else:
            found |= {f"{name} {inner}": each.on for inner, each in entry.commands.items()}
    return [name for name, where in found.items() if where == on]
