"""The link to the data: PostgreSQL runs, alone on its volume, and accepts the password that the cluster holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error, warning
from matrix_secrets.cluster.postgres import LogIn
from matrix_secrets.operations.doctor.ailments import KINDS_OF_POSTGRES
from matrix_secrets.operations.doctor.link import Verdict
from matrix_secrets.operations.doctor.passwords import Proof, prove
from matrix_secrets.operations.doctor.places import live_place
from matrix_secrets.operations.doctor.pods import KINDS as POD_KINDS
from matrix_secrets.operations.doctor.pods import Remedies, judge_pods
from matrix_secrets.operations.doctor.running import Running, running
from matrix_secrets.operations.doctor.symptoms import POSTGRES
from matrix_secrets.records import dataclass
from matrix_secrets.stack.workloads import workloads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.case import Case

ROLLING: Final = warning(
    "postgres-rolling-update",
    "The live PostgreSQL would start a second pod on its data directory before the first one ends, at its next update.",
    "Push `{type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}` first, then `{type: Recreate}`.",
)
REFUSED: Final = error(
    "database-password-refused",
    "PostgreSQL refuses the password that the cluster and Git hold: its data directory was made with an older one, and "
    "a changed Secret changes nothing in it.",
    "`matrix-secrets rotate --heal` makes the database accept it. Deleting the volume, as the guide does, loses every "
    "user, room and message.",
)
CIPHERTEXT: Final = error(
    "database-password-is-ciphertext",
    "PostgreSQL made its database with ciphertext as the password: the Secret was applied before Flux could decrypt.",
    "`matrix-secrets rotate --heal` makes the database accept the real one. Nothing is lost.",
)
TRUSTS: Final = warning(
    "database-trusts-everybody",
    "PostgreSQL accepts any password from other addresses: its pg_hba.conf says `trust`.",
    "Make the last line of its pg_hba.conf `host all all all scram-sha-256`.",
)
NO_DATABASE: Final = error(
    "database-missing",
    "PostgreSQL accepts the password, and has no database of the name that Synapse uses.",
    "Create it, as the finding says.",
)
SHUT_OUT: Final = error(
    "database-shut-out",
    "PostgreSQL lets nobody in over the network: its pg_hba.conf has no line for it.",
    "Add `host all all all scram-sha-256` to its pg_hba.conf.",
)
UNREACHABLE: Final = error(
    "database-unreachable",
    "PostgreSQL's pod runs, and nothing answers there.",
    "Look at its log, as the finding says.",
)
KINDS: Final = (
    ROLLING, REFUSED, CIPHERTEXT, TRUSTS, NO_DATABASE, SHUT_OUT, UNREACHABLE, *POD_KINDS, *KINDS_OF_POSTGRES,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """A PostgreSQL of the stack; ``proof`` is None where no pod of it serves, or the password is not known."""

    running: Running
    proof: Proof | None
    heal: str
    remedies: Remedies


def look(case: Case) -> Verdict:
    """Read the workloads that run PostgreSQL, and try the password in a pod that serves."""
    stack = case.applied or case.stack
    found: list[Seen] = []
    for workload in workloads(stack.streams):
        if not workload.is_database:
            continue
        seen = running(case, workload, POSTGRES)
        edit = case.subject.edit(workload.resource.stream.file, "")
        remedies = Remedies(edit, edit, case.kubectl(""), case.scrub)
        found.append(Seen(seen, prove(case, workload, seen), case.command("rotate --heal"), remedies))
    return judge(found)


def judge(found: list[Seen]) -> Verdict:
    """Judge each PostgreSQL: its pods first, then what it says to the password."""
    if not found:
        return Verdict("PostgreSQL is not part of this stack: not looked at")
    findings = tuple(finding for seen in found for finding in _judged(seen))
    proven = all(seen.proof is not None and seen.proof.outcome is LogIn.ACCEPTED for seen in found)
    names = ", ".join(seen.running.label for seen in found)
    detail = f"{names} accepts the password, and no other" if proven else f"{names} runs; no password was tried"
    return Verdict(detail, findings)


def _judged(seen: Seen) -> Iterator[Finding]:
    yield from judge_pods(seen.running, seen.remedies)
    live = seen.running.live
    place = live_place(seen.running.kind, seen.running.namespace, seen.running.name)
    if live is not None and live.claims and live.strategy == "RollingUpdate" and live.surge not in ("", "0", "0%"):
        message = "the next update starts a second PostgreSQL on the same data directory"
        surge = "{type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}"
        fix = f"{seen.remedies.edit_workload}set strategy: {surge} and push it; then {{type: Recreate}}"
        yield ROLLING.at(place, message, fix)
    if seen.proof is not None:
        yield from _proof(seen, seen.proof)


def _proof(seen: Seen, proof: Proof) -> Iterator[Finding]:
    place = live_place("Pod", seen.running.namespace, proof.pod)
    logs = f"{seen.remedies.kubectl}logs {seen.running.label} -n {seen.running.namespace}"
    lost = "deleting its volume would lose every user, room and message"
    match proof.outcome:
        case LogIn.REFUSED if proof.ciphertext:
            message = (
                f"refuses the password of {proof.secret} and accepts the ciphertext of {proof.accepts}: it was made"
            )
            yield CIPHERTEXT.at(place, f"{message} before Flux could decrypt; {lost}", seen.heal)
        case LogIn.REFUSED:
            older = f": that of {proof.accepts}" if proof.accepts else ""
            message = f"refuses the password of {proof.secret}: its data directory was made with an older one{older}"
            yield REFUSED.at(place, f"{message}; {lost}", seen.heal)
        case LogIn.NO_DATABASE:
            sql = f'create database "{proof.database}" encoding utf8 locale "C" template template0'
            shell = f"psql -X -U {proof.user} -d postgres -c '{sql}'"
            fix = f"{seen.remedies.kubectl}exec -n {seen.running.namespace} {seen.running.label} -- {shell}"
            yield NO_DATABASE.at(place, f"has no database {proof.database}", fix)
        case LogIn.SHUT_OUT:
            fix = f"{seen.remedies.edit_workload}let its pg_hba.conf end with: host all all all scram-sha-256"
            yield SHUT_OUT.at(place, "lets nobody in over the network", fix)
        case LogIn.UNREACHABLE:
            yield UNREACHABLE.at(place, "does not answer on its port", logs)
        case LogIn.ACCEPTED if proof.trusts:
            fix = f"{seen.remedies.edit_workload}let its pg_hba.conf end with: host all all all scram-sha-256"
            yield TRUSTS.at(place, "accepts a random password, too: it asks nobody", fix)
        case _:
            pass
