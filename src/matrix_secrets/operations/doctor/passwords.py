"""Which password the database accepts: that of the live Secret, and if not, one that Git held before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.postgres import Database, LogIn, log_in, trusts_everybody
from matrix_secrets.cluster.reading import read_secret
from matrix_secrets.errors import MatrixSecretsError
from matrix_secrets.gitrepo.history import commits_of
from matrix_secrets.gitrepo.revision import read_file
from matrix_secrets.manifests.nodes import Stream, child, text_at
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.manifests.resources import Resource, is_ciphertext, resources
from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.sops.metadata import is_encrypted
from matrix_secrets.stack.declarations import POSTGRES_PASSWORD
from matrix_secrets.stack.workloads import Workload, items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.operations.doctor.case import Case
    from matrix_secrets.operations.doctor.running import Running

_PORT: Final = "5432"
_TRIED: Final = 10  # older passwords
_SHORT: Final = 8  # characters of a commit id


@dataclass(frozen=True, slots=True)
class Proof:
    """What a serving pod said to the password of ``secret``.

    ``trusts``: it accepts any. ``accepts`` names the commit whose password it accepts instead; ``ciphertext``: whose
    ciphertext.
    """

    pod: str
    secret: str
    user: str
    database: str
    outcome: LogIn
    trusts: bool = False
    accepts: str = ""
    ciphertext: bool = False


def prove(case: Case, workload: Workload, seen: Running) -> Proof | None:
    """Try the live password, with a random one as control; None without a pod that serves, or without a password."""
    secret, password = _live_password(case)
    if seen.ready is None or secret is None or password is None:
        return None
    database = _database(case, workload, seen)
    outcome = log_in(case.cluster, database, password)
    proof = Proof(database.pod.name, f"Secret/{secret.name}", database.user, database.name, outcome)
    if outcome is LogIn.ACCEPTED:
        trusts = trusts_everybody(case.cluster, database)
        return Proof(proof.pod, proof.secret, proof.user, proof.database, outcome, trusts=trusts)
    if outcome is not LogIn.REFUSED:
        return proof
    for commit, candidate, ciphertext in _older(case, secret, password):
        if log_in(case.cluster, database, candidate) is LogIn.ACCEPTED:
            who = (proof.pod, proof.secret, proof.user, proof.database, outcome)
            return Proof(*who, accepts=commit, ciphertext=ciphertext)
    return proof


def _secret_with_password(case: Case) -> tuple[Resource | None, str]:
    """Return the Secret of the stack that holds the database's password, and the key."""
    stack = case.applied or case.stack
    for secret in stack.secrets:
        if secret.entry(POSTGRES_PASSWORD.name) is not None:
            return secret, POSTGRES_PASSWORD.name
    return None, POSTGRES_PASSWORD.name


def _live_password(case: Case) -> tuple[Resource | None, SecretValue | None]:
    """Return that Secret, and the password that the cluster holds."""
    secret, key = _secret_with_password(case)
    if secret is None:
        return None, None
    live = read_secret(case.cluster, secret.namespace or case.namespace, secret.name)
    return secret, (live.entries.get(key) if live is not None else None)


def _database(case: Case, workload: Workload, seen: Running) -> Database:
    """As Synapse logs in, else as the Secret says; what neither names is the image's default."""
    stack = case.applied or case.stack
    secret, _ = _secret_with_password(case)
    configs = [config for config in stack.homeservers if config.readable]

    def setting(option: str, key: str, otherwise: str) -> str:
        named = next((text for config in configs if (text := config.text(("database", "args", option)))), None)
        entry = secret.entry(key) if secret is not None else None
        own = entry.embedded().text if entry is not None and not entry.encrypted else None
        return named or own or otherwise

    user = setting("user", "POSTGRES_USER", "postgres")
    container = next(
        each for each in workload.containers() if "postgres" in (text_at(each, ("image",)) or "").rpartition("/")[2]
    )
    ports = [text_at(port, ("containerPort",)) for port in items(child(container, "ports"))]
    port = next((number for number in ports if number), _PORT)
    pod = seen.ready
    if pod is None:
        message = "no pod serves"
        raise AssertionError(message)
    return Database(pod, text_at(container, ("name",)) or "", port, user, setting("database", "POSTGRES_DB", user))


def _older(case: Case, secret: Resource, today: SecretValue) -> Iterator[tuple[str, SecretValue, bool]]:
    """Yield what the Secret's file held before, newest first, with the commit; ciphertext as it stood there, too."""
    tried = {today}
    file = secret.stream.file
    for commit in commits_of(case.local.work_tree, file):
        raw = read_file(case.local.work_tree, commit, file)
        for stream in _streams(case, file, raw) if raw is not None else ():
            value = _password_in(stream, secret)
            if value is not None and value not in tried and len(tried) <= _TRIED:
                tried.add(value)
                yield f"commit {commit[:_SHORT]}", value, is_ciphertext(value.reveal())


def _streams(case: Case, file: str, raw: bytes) -> Iterator[Stream]:
    """A file as it stands in a commit and, where it is encrypted and opens here, in plain."""
    try:
        stream = parse(decode(raw, file), file)
        yield stream
        if is_encrypted(stream):
            yield parse(case.local.workspace.engine.decrypt(stream.text, file=file), file)
    except MatrixSecretsError:
        return


def _password_in(stream: Stream, secret: Resource) -> SecretValue | None:
    for resource in resources(stream):
        entry = resource.entry(POSTGRES_PASSWORD.name)
        if entry is not None and resource.name in ("", secret.name):
            try:
                return SecretValue(entry.scalar.value if entry.encrypted else entry.embedded().text)
            except MatrixSecretsError:
                return None
    return None
