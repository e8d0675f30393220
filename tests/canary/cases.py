"""What each command is made to do, in good and in bad ways; a command without a line here fails the test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.canary import repositories as states
from tests.canary.repositories import POSTGRES, SYNAPSE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.canary.markers import Markers
    from tests.canary.running import Place

    Change = Callable[[Place, Markers], None]

PLAIN, ENCRYPTED, SHARED = "plain", "encrypted", "shared"
BOTH: Final = ("builtin", "binary")
BUILTIN: Final = ("builtin",)
COMMIT: Final = ("--commit",)
PUSH: Final = ("--push", "--assume-decryption")


@dataclass(frozen=True)
class Case:
    """A command line in a state. ``{secret}``, ``{bob}``, ``{identity}`` in it are filled in.

    ``shows`` names the markers that stdout is there for; ``keys`` the key files that the run may write, relative to the
    place. ``variables`` are names of the environment with the marker that they hold.
    """

    argv: tuple[str, ...]
    state: str = ENCRYPTED
    code: int = 0
    change: Change | None = None
    engines: tuple[str, ...] = BUILTIN
    shows: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        after = "" if self.change is None else f" after {getattr(self.change, '__name__', '')}"
        return f"{' '.join(self.argv) or '(none)'} in {self.state}{after}: {self.code}"


EDIT: Final = {"EDITOR": "{secret}/editor"}
CHANGING = states.editor('sed -i "s/POSTGRES_DB: .*/POSTGRES_DB: {edited}/" "$1"')
BREAKING = states.editor('echo "a: : {broken}" >> "$1"')
FAILING = states.editor("exit 1")
STOPPING = states.editor("kill -INT $$")
SECRETS: Final = ("postgres", "macaroon", "registration", "form")
FD: Final = ("--passphrase-fd", "7")
BACKUP: Final = "{secret}/backup.age"
PUSHING: Final = {"PRE_COMMIT_TO_REF": "HEAD", "PRE_COMMIT_REMOTE_BRANCH": "refs/heads/main"}
THREE: Final = ("{secret}/base", "{secret}/ours", "{secret}/theirs", "7", POSTGRES)
MY_KEYS: Final = "home/.config/sops/age/keys.txt"
ELSEWHERE: Final = "secret/key.txt"

CASES: Final[dict[str, tuple[Case, ...]]] = {
    "": (
        Case((), PLAIN),
        Case((), engines=BOTH),
        Case((), change=states.others_identity),
        Case((), PLAIN, 3, states.broken_outside),
    ),
    "up": (
        Case(("up", "--offline", "--yes"), PLAIN, engines=BOTH),
        Case(("up", "--offline", "--yes"), engines=BOTH),
        Case(("up", "--offline", "--dry-run"), PLAIN),
        Case(("up", "--offline"), PLAIN, 2),
        Case(("up", "--offline", "--yes"), code=3, change=states.tampered),
        Case(("up", "--offline", "--yes"), PLAIN, 3, states.disagreeing),
        Case(("up", "--offline", "--yes", "--all-stacks", "--no-seal"), PLAIN, 0, states.second_stack, BOTH),
        Case(("up", "--offline", "--yes"), PLAIN, 3, states.second_stack),
        Case(("up", "--on", "apps/matrix"), code=2),
    ),
    "new": (
        Case(("new", "{secret}/fresh", "--server-name", "our.net", "--node-ip", "10.0.0.7", *COMMIT), engines=BOTH),
        Case(("new", "apps"), code=3),
        Case(("new", ".")),
        Case(("new", "{secret}/fresh", "--dry-run")),
    ),
    "keys generate": (
        Case(("keys", "generate")),
        Case(("keys", "generate"), change=states.no_identity, keys=(MY_KEYS,)),
        Case(("keys", "generate", "--out", "{secret}/key.txt", *FD), keys=(ELSEWHERE,)),
        Case(("keys", "generate", "--out", "{secret}/bob.txt", *FD), code=3),
        Case(("keys", "generate"), code=3, change=states.damaged_identity),
    ),
    "keys list": (
        Case(("keys", "list"), SHARED, engines=BOTH),
        Case(("keys", "list"), change=states.damaged_identity),
        Case(("keys", "list"), change=states.broken_outside),
    ),
    "keys add": (
        Case(("keys", "add", "carol", "{carol}", *COMMIT), engines=BOTH),
        Case(("keys", "add", "bob", "{bob}"), code=3),
        Case(("keys", "add", "carol", "{carol}"), code=3, change=states.others_identity, engines=BOTH),
        Case(("keys", "add", "carol", "{carol}"), change=states.typed_in, engines=BOTH),
    ),
    "keys remove": (
        Case(("keys", "remove", "bob", "--yes", *COMMIT), SHARED, engines=BOTH),
        Case(("keys", "remove", "{identity}"), SHARED, 3),
        Case(("keys", "remove", "bob"), SHARED, 3, states.tampered, engines=BOTH),
        Case(("keys", "remove", "bob", "--rotate", "--offline", "--yes", *COMMIT), SHARED, engines=BOTH),
        Case(("keys", "remove", "bob", "--rotate", "--dry-run"), SHARED, engines=BOTH),
        Case(("keys", "remove", "bob", "--rotate", "--yes"), SHARED, 4),
        Case(("keys", "remove", "bob", "--rotate", "--offline"), SHARED, 2),
        Case(("keys", "remove", "bob", "--rotate", "--offline", "--yes"), SHARED, 3, states.tampered, engines=BOTH),
    ),
    "keys sync": (
        Case(("keys", "sync", "--yes", *COMMIT), SHARED, change=states.bob_left_in_the_rules, engines=BOTH),
        Case(("keys", "sync"), SHARED, 2, states.bob_left_in_the_rules),
        Case(("keys", "sync", "--yes"), SHARED, change=states.tampered),
    ),
    "keys backup": (
        Case(("keys", "backup", "{secret}/copy.age", *FD)),
        Case(("keys", "backup", "mine.age", *FD), code=3),
        Case(("keys", "backup", "{secret}/copy.age", *FD), code=3, change=states.no_identity),
        Case(("keys", "backup", "{secret}/x.age", "--identity", "{identity}", *FD), code=3),
    ),
    "keys recover": (
        Case(("keys", "recover", "{secret}/bob.txt", "--drill", *FD), SHARED, engines=BOTH),
        Case(
            ("keys", "recover", BACKUP, "--out", "{secret}/key.txt", "--yes", *FD),
            change=states.no_identity,
            keys=(ELSEWHERE,),
        ),
        Case(("keys", "recover", BACKUP, *FD), SHARED, 3),
        Case(("keys", "recover", "{secret}/passphrase", "--drill", *FD), code=3),
    ),
    "configure": (
        Case(("configure", "--server-name", states.ADDRESS, "--node-ip", "10.0.0.7"), engines=BOTH),
        Case(("configure", "--server-name", "matrix.elsewhere.net", "--node-ip", "10.0.0.7"), PLAIN, 3),
        Case(("configure", "--server-name", "10.0.0.7", "--node-ip", "10.0.0.7"), PLAIN, 3, states.broken_inside),
        Case(("configure", "--server-name", states.ADDRESS, "--all-stacks"), PLAIN, 2, states.second_stack),
    ),
    "generate": (
        Case(("generate",), PLAIN, change=states.one_missing),
        Case(("generate", *COMMIT), PLAIN, 3, states.one_missing),
        Case(("generate", *PUSH), engines=BOTH),
        Case(("generate",), PLAIN, 3, states.disagreeing),
        Case(("generate",), PLAIN, 3, states.broken_outside),
        Case(("generate",), code=3, change=states.no_identity, engines=BOTH),
    ),
    "encrypt": (
        Case(("encrypt", *COMMIT), PLAIN, engines=BOTH),
        Case(("encrypt", *PUSH), PLAIN, engines=BOTH),
        Case(("encrypt", "--dry-run", *COMMIT), PLAIN),
        Case(("encrypt",), PLAIN, 3, states.one_missing),
        Case(("encrypt", "--age", "{identity}"), PLAIN, 3),
        Case(("encrypt", "--check"), PLAIN, 1),
        Case(("encrypt",), PLAIN, change=states.broken_inside),
        Case(("encrypt",), PLAIN, 3, states.broken_outside),
        Case(("encrypt",), PLAIN, 3, states.no_identity),
        Case(("encrypt",), code=3, change=states.tampered, engines=BOTH),
    ),
    "decrypt": (
        Case(("decrypt", POSTGRES), engines=BOTH, shows=(*SECRETS, "comment")),
        Case(("decrypt", SYNAPSE), shows=(*SECRETS, "turn", "remark")),
        Case(("decrypt", POSTGRES), code=3, change=states.tampered, engines=BOTH),
        Case(("decrypt", POSTGRES), code=3, change=states.others_identity, engines=BOTH),
        Case(("decrypt", POSTGRES), code=3, change=states.damaged_identity, engines=BOTH),
        Case(("decrypt", POSTGRES), PLAIN, 3),
        Case(("decrypt", POSTGRES), PLAIN, 3, states.broken_outside),
    ),
    "edit": (
        Case(("edit", POSTGRES, *COMMIT), change=CHANGING, env=EDIT, engines=BOTH),
        Case(("edit", POSTGRES), code=3, change=BREAKING, env=EDIT, engines=BOTH),
        Case(("edit", POSTGRES), code=4, change=FAILING, env=EDIT),
        Case(("edit", POSTGRES), code=130, change=STOPPING, env=EDIT),
    ),
    "seal": (
        Case(("seal", *COMMIT), engines=BOTH),
        Case(("seal", "--fresh"), PLAIN, engines=BOTH),
        Case(("seal", "--deployed", *PUSH), engines=BOTH),
        Case(("seal", "--fresh"), PLAIN, 3, states.one_missing),
        Case(("seal", "--fresh"), PLAIN, 3, states.disagreeing),
        Case(("seal", "--fresh"), PLAIN, 3, states.broken_inside),
        Case(("seal", "--fresh"), code=3, change=states.tampered, engines=BOTH),
        Case(("seal", "--fresh"), code=3, change=states.others_identity),
    ),
    "rotate": (
        Case(("rotate", "--offline", "--yes", *COMMIT), engines=BOTH),
        Case(("rotate", "--offline", "--yes", "form_secret", *PUSH), engines=BOTH),
        Case(("rotate", "--offline", "--yes", "form_secret"), PLAIN),
        Case(("rotate", "--offline", "--yes", "form_secret", *COMMIT), PLAIN, 3),
        Case(("rotate", "--offline", "form_secret"), code=2),
        Case(("rotate", "--dry-run"), engines=BOTH),
        Case(("rotate",), code=4),
        Case(("rotate", "--heal"), code=4),
        Case(("rotate", "--status")),
        Case(("rotate", "--resume", "--abort"), code=2),
        Case(("rotate", "--offline", "--yes", "signing_key"), code=3),
        Case(("rotate", "--offline", "--yes"), PLAIN, 3, states.disagreeing),
        Case(("rotate", "--offline", "--yes"), code=3, change=states.tampered, engines=BOTH),
        Case(("rotate", "--offline", "--yes"), code=3, change=states.others_identity),
    ),
    "show": (
        Case(("show",), engines=BOTH),
        Case(("show", "--ages"), engines=BOTH),
        Case(("show", "--ages"), change=states.others_identity),
        Case(("show", "form_secret", "--reveal"), engines=BOTH, shows=("form",)),
        Case(("show",), PLAIN, change=states.disagreeing),
        Case(("show",), PLAIN, 3, states.broken_outside),
    ),
    "admin create": (
        Case(("admin", "create", "--help")),
        Case(("admin", "create", "admin"), code=2),
        Case(("admin", "create", "admin", "--reveal", "--yes"), code=4, engines=BOTH),
        Case(("admin", "create", "admin", "--password-fd", "7", "--yes"), code=4),
        Case(("admin", "create", "No Name"), code=2),
        Case(("admin", "create", "admin", "--reveal"), PLAIN, 4),
        Case(("admin", "create", "admin", "--reveal"), code=3, change=states.tampered),
    ),
    "registration close": (
        Case(("registration", "close", *COMMIT), engines=BOTH),
        Case(("registration", "close"), PLAIN, 3, states.broken_inside),
        Case(("registration", "close"), code=3, change=states.tampered),
    ),
    "registration open": (
        Case(("registration", "open"), PLAIN),
        Case(("registration", "open"), code=3, change=states.no_identity),
    ),
    "federation allow": (
        Case(("federation", "allow", "matrix.org", *COMMIT), engines=BOTH),
        Case(("federation", "allow", "*"), PLAIN, 2),
        Case(("federation", "allow", "matrix.org"), code=3, change=states.tampered),
    ),
    "tls enable": (
        Case(("tls", "enable", "--domain", "matrix.our.net", "--issuer", "i", *COMMIT), engines=BOTH),
        Case(("tls", "enable", "--domain", "10.0.0.1", "--issuer", "i"), PLAIN, 2),
        Case(("tls", "enable", "--domain", "matrix.our.net", "--issuer", "i"), code=3, change=states.tampered),
    ),
    "turn enable": (
        Case(("turn", "enable", *COMMIT), engines=BOTH),
        Case(("turn", "enable", *COMMIT), PLAIN, 3),
        Case(("turn", "enable", "--dry-run"), PLAIN),  # else the plain value moves into the Secret, as it should
        Case(("turn", "enable"), code=3, change=states.tampered),
    ),
    "federation off": (Case(("federation", "off")), Case(("federation", "off"), PLAIN)),
    "federation all": (Case(("federation", "all")),),
    "verify": (
        Case(("verify",), engines=BOTH),
        Case(("verify",), PLAIN, 1),
        Case(("verify", "--max-age", "1y"), engines=BOTH),
        Case(("verify", "--max-age", "0d"), code=1, change=states.others_identity),
        Case(("verify",), PLAIN, 1, states.disagreeing),
        Case(("verify",), PLAIN, 1, states.broken_inside),
        Case(("verify",), code=1, change=states.tampered, engines=BOTH),
        Case(("verify",), code=1, change=states.typed_in, engines=BOTH),
        Case(("verify",), code=1, change=states.others_identity, engines=BOTH),
        Case(("verify",), code=1, change=states.key_lying_about),
    ),
    "audit": (
        Case(("audit",), engines=BOTH),
        Case(("audit",), code=1, change=states.leak_committed),
        Case(("audit", "--accept"), change=states.leak_committed),
        Case(("audit",), code=1, change=states.others_identity),
        Case(("audit",), code=1, change=states.damaged_identity),
        Case(("audit", "--since", "nowhere"), code=2),
    ),
    "hooks install": (Case(("hooks", "install")), Case(("hooks", "install"), PLAIN)),
    "hooks uninstall": (Case(("hooks", "uninstall")),),
    "hooks pre-commit": (
        Case(("hooks", "pre-commit")),
        Case(("hooks", "pre-commit"), PLAIN, 1, states.all_staged),
        Case(("hooks", "pre-commit"), code=1, change=states.leak_staged, engines=BOTH),
        Case(("hooks", "pre-commit"), PLAIN, 1, states.broken_staged),
    ),
    "hooks pre-push": (
        Case(("hooks", "pre-push"), env=PUSHING, engines=BOTH),
        Case(("hooks", "pre-push"), code=1, change=states.leak_committed, env=PUSHING),
    ),
    "hooks textconv": (
        Case(("hooks", "textconv", POSTGRES)),
        Case(("hooks", "textconv", SYNAPSE), change=states.others_identity),
        Case(("hooks", "textconv", POSTGRES), change=states.tampered),
        Case(("hooks", "textconv", POSTGRES, "--reveal"), shows=(*SECRETS, "comment")),
    ),
    "hooks merge": (
        Case(("hooks", "merge", *THREE), change=states.three_versions),
        Case(("hooks", "merge", *THREE), code=1, change=states.three_at_odds),
    ),
    # Without a cluster; with one: tests/cluster/test_canary.py.
    "cluster enable-decryption": (
        Case(("cluster", "enable-decryption", *COMMIT), engines=BOTH),
        Case(("cluster", "enable-decryption", "--controller-flag", "--push"), PLAIN),
        Case(("cluster", "enable-decryption", "--live", "--yes"), code=4),
    ),
    "cluster install-key": (
        Case(("cluster", "install-key", "--help")),
        Case(("cluster", "install-key", "--yes"), code=4),
        Case(("cluster", "install-key", "--yes", "--identity", "{secret}/bob.txt"), code=4),
        Case(("cluster", "install-key", "--yes", "--identity", "{identity}"), code=3),
        Case(("cluster", "install-key", "--prune", "--yes"), code=4),
    ),
    "cluster reconcile": (Case(("cluster", "reconcile", "--help")), Case(("cluster", "reconcile"), code=4)),
    "doctor": (
        Case(("doctor", "--help")),
        Case(("doctor",), code=4, engines=BOTH),
        Case(("doctor", "--all"), code=4, change=states.tampered),
        Case(("doctor",), PLAIN, 4),
    ),
    "completion": (Case(("completion", "bash")),),
}
