"""The link that people talk to: Synapse runs on today's values, reads its database, and is who Git says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error, warning
from matrix_secrets.cluster.synapse import Answers, ask_synapse
from matrix_secrets.operations.doctor.ailments import KINDS_OF_SYNAPSE
from matrix_secrets.operations.doctor.frontdoor import KINDS as SERVICE_KINDS
from matrix_secrets.operations.doctor.frontdoor import FrontDoor, front_door, judge_door
from matrix_secrets.operations.doctor.link import Verdict
from matrix_secrets.operations.doctor.parts import synapses
from matrix_secrets.operations.doctor.places import live_place
from matrix_secrets.operations.doctor.pods import Remedies, judge_age, judge_pods, restart
from matrix_secrets.operations.doctor.running import Running, running
from matrix_secrets.operations.doctor.symptoms import SYNAPSE
from matrix_secrets.records import dataclass
from matrix_secrets.stack.homeserver import real_server_name
from matrix_secrets.stack.services import listener_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.case import Case

SILENT: Final = error(
    "synapse-silent",
    "Synapse's pod is ready, and nothing answers on its port.",
    "Look at its log, as the finding says.",
)
UNHEALTHY: Final = error(
    "synapse-unhealthy",
    "Synapse answers, and not as a healthy server does.",
    "Look at its log, as the finding says.",
)
CUT_OFF: Final = error(
    "synapse-without-database",
    "Synapse says that it is healthy, and cannot read its database: its password is not valid any more.",
    "Let a new pod take its place: `kubectl delete pod`.",
)
OTHER_NAME: Final = error(
    "synapse-other-name",
    "The running Synapse has another server_name than Git: users made on it belong to that one for ever.",
    "Put the running one back in Git, unless no user exists yet.",
)
OPEN: Final = warning(
    "synapse-registration-open",
    "The running Synapse lets anybody who reaches it make an account (the guide's Steps 13 and 14).",
    "Once you have your accounts, set enable_registration to false, and push.",
)
KINDS: Final = (SILENT, UNHEALTHY, CUT_OFF, OTHER_NAME, OPEN, *SERVICE_KINDS, *KINDS_OF_SYNAPSE)

_OK: Final = 200
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """Synapse's workloads, workers included; ``answers`` come from the first one, None where no pod of it serves."""

    workloads: Sequence[Running]
    answers: Answers | None
    server_name: str
    door: FrontDoor | None
    remedies: Remedies


def look(case: Case) -> Verdict:
    """Read Synapse's workloads and ask the one that serves clients."""
    stack = case.applied or case.stack
    workloads = synapses(stack)
    found = [running(case, workload, SYNAPSE) for workload in workloads]
    files = [config.file for config in stack.homeservers]
    edit = case.subject.edit(files[0], "") if files else ""
    edit_workload = case.subject.edit(workloads[0].resource.stream.file, "") if workloads else edit
    remedies = Remedies(edit, edit_workload, case.kubectl(""), case.scrub)
    name = next((name for config in stack.homeservers if (name := real_server_name(config))), "")
    serving = found[0].ready if found else None
    port = listener_ports(stack)[0]
    answers = ask_synapse(case.cluster, serving, port, name) if serving is not None else None
    return judge(Seen(found, answers, name, front_door(case, stack), remedies))


def judge(seen: Seen) -> Verdict:
    """Judge the pods, their age, and what Synapse says of itself."""
    if not seen.workloads:
        return Verdict("Synapse is not part of this stack: not looked at")
    findings: list[Finding] = []
    for each in seen.workloads:
        findings += judge_pods(each, seen.remedies)
        findings += judge_age(each, seen.remedies)
    if seen.answers is not None:
        findings += _answers(seen, seen.workloads[0], seen.answers)
    if seen.door is not None:
        findings += judge_door(seen.door)
    name = (seen.answers.server_name if seen.answers is not None else "") or seen.server_name
    return Verdict(f"{seen.workloads[0].label} is {name}, and reads its database", tuple(findings))


def _answers(seen: Seen, synapse: Running, answers: Answers) -> Iterator[Finding]:
    place = live_place(synapse.kind, synapse.namespace, synapse.name)
    logs = f"{seen.remedies.kubectl}logs {synapse.label} -n {synapse.namespace}"
    pod = synapse.ready.name if synapse.ready is not None else ""
    if answers.health is None:
        yield SILENT.at(place, "is ready, and does not answer on its port", logs)
        return
    if answers.health != _OK or answers.versions != _OK:
        said = f"/health answers {answers.health}, /_matrix/client/versions {answers.versions or 'nothing'}"
        yield UNHEALTHY.at(place, said, logs)
    elif answers.profile is not None and answers.profile >= _SERVER_ERROR:
        message = f"/health answers {answers.health}, and a question to its database {answers.profile}"
        yield CUT_OFF.at(place, message, restart(pod, synapse, seen.remedies))
    if answers.server_name and seen.server_name and answers.server_name != seen.server_name:
        message = f"is {answers.server_name}, and Git says {seen.server_name}: its users are @you:{answers.server_name}"
        fix = f"matrix-secrets configure --server-name {answers.server_name} --force-server-name --push"
        yield OTHER_NAME.at(place, message, fix)
    if answers.registration == _OK:
        fix = f"once you have your accounts: {seen.remedies.edit}set enable_registration to false, and push it"
        yield OPEN.at(place, "anybody who reaches it can make an account", fix)
