"""The last link: Element's pods, and the config.json that browsers get from them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.urls import read_url
from matrix_secrets.cluster.element import CONFIG_PATH, ask_element
from matrix_secrets.manifests.nodes import child, text_at
from matrix_secrets.operations.doctor import parts
from matrix_secrets.operations.doctor.ailments import KINDS_OF_ELEMENT
from matrix_secrets.operations.doctor.link import Verdict
from matrix_secrets.operations.doctor.places import live_place
from matrix_secrets.operations.doctor.pods import Remedies, judge_age, judge_pods, restart
from matrix_secrets.operations.doctor.running import Running, running
from matrix_secrets.operations.doctor.symptoms import ELEMENT
from matrix_secrets.records import dataclass
from matrix_secrets.stack.homeserver import real_public_baseurl, real_server_name
from matrix_secrets.stack.workloads import Workload, items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.cluster.portforward import Answer
    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.case import Case

SILENT: Final = error(
    "element-silent",
    "Element's pod is ready, and nothing answers on its port.",
    "Look at its log, as the finding says.",
)
NO_CONFIG: Final = error(
    "element-without-config",
    "Element's web server has no config.json, or one that is no JSON: Element shows that it is misconfigured.",
    "Mount the ConfigMap's config.json at /app/config.json.",
)
BASE_URL: Final = error(
    "element-base-url",
    "The config.json that browsers get names another URL than Synapse's public_baseurl: “Homeserver not found”.",
    "`matrix-secrets configure` makes them equal in Git; a pod that serves an older one wants a restart.",
)
SERVER_NAME: Final = error(
    "element-server-name",
    "The config.json that browsers get names another server than Synapse is: “Homeserver not found”.",
    "`matrix-secrets configure` makes them equal in Git; a pod that serves an older one wants a restart.",
)
KINDS: Final = (SILENT, NO_CONFIG, BASE_URL, SERVER_NAME, *KINDS_OF_ELEMENT)

_OK: Final = 200
_PORT: Final = 80


@dataclass(frozen=True, slots=True)
class Seen:
    """Element; ``answer`` is None where its port is silent, ``asked`` False where no pod serves.

    ``base_url`` and ``server_name`` are Synapse's, as Flux applied them; ``ours`` what Git gives Element for them.
    """

    running: Running
    asked: bool
    answer: Answer | None
    base_url: str
    server_name: str
    ours: tuple[str, str]
    configure: str
    remedies: Remedies


def look(case: Case) -> Verdict:
    """Read Element's workload and ask it for its config.json."""
    stack = case.applied or case.stack
    workload = parts.element(stack)
    if workload is None:
        return Verdict("Element is not part of this stack: not looked at")
    seen = running(case, workload, ELEMENT)
    url = next((url for config in stack.homeservers if (url := real_public_baseurl(config))), "")
    name = next((name for config in stack.homeservers if (name := real_server_name(config))), "")
    edit = case.subject.edit(workload.resource.stream.file, "")
    remedies = Remedies(edit, edit, case.kubectl(""), case.scrub)
    answer = ask_element(case.cluster, seen.ready, _port(workload)) if seen.ready is not None else None
    configure = case.command(f"configure --server-name {name} --public-baseurl {url} --push")
    ours = named([config.embedded.text for config in stack.elements if config.readable][:1])
    return judge(Seen(seen, seen.ready is not None, answer, url, name, ours, configure, remedies))


def judge(seen: Seen) -> Verdict:
    """Judge the pods, then what they serve."""
    findings = [*judge_pods(seen.running, seen.remedies), *judge_age(seen.running, seen.remedies)]
    if seen.asked:
        findings += _served(seen)
    url, name = (seen.base_url or "no URL"), (seen.server_name or "no server")
    return Verdict(f"{seen.running.label} leads browsers to {name} at {url}", tuple(findings))


def _served(seen: Seen) -> Iterator[Finding]:
    at = seen.running
    place = live_place(at.kind, at.namespace, at.name, CONFIG_PATH)
    kubectl = seen.remedies.kubectl
    if seen.answer is None:
        yield SILENT.at(
            place, "is ready, and does not answer on its port", f"{kubectl}logs {at.label} -n {at.namespace}"
        )
        return
    url, name = named([seen.answer.body.decode(errors="replace")])
    if seen.answer.status != _OK or not (url or name):
        what = f"answers {seen.answer.status}" if seen.answer.status != _OK else "is no configuration of Element"
        fix = f"{seen.remedies.edit_workload}mount the ConfigMap's config.json at /app/config.json, and push it"
        yield NO_CONFIG.at(place, what, fix)
        return
    again = restart(at.ready.name if at.ready is not None else "", at, seen.remedies)
    if seen.base_url and read_url(url) != read_url(seen.base_url):
        fix = again if read_url(seen.ours[0]) == read_url(seen.base_url) else seen.configure
        yield BASE_URL.at(place, f"has base_url {url}, and Synapse's public_baseurl is {seen.base_url}", fix)
    if seen.server_name and name and name != seen.server_name:
        fix = again if seen.ours[1] == seen.server_name else seen.configure
        yield SERVER_NAME.at(place, f"has server_name {name}, and Synapse is {seen.server_name}", fix)


def named(texts: list[str]) -> tuple[str, str]:
    """Return base_url and server_name that a config.json gives browsers, empty where it does not.

    https://github.com/element-hq/element-web/blob/develop/docs/config.md#homeserver-configuration
    """
    try:
        found = json.loads(texts[0]) if texts else {}
    except ValueError:
        return "", ""
    server = found.get("default_server_config") if isinstance(found, dict) else None
    homeserver = server.get("m.homeserver") if isinstance(server, dict) else None
    if not isinstance(homeserver, dict):
        old = found.get("default_hs_url") if isinstance(found, dict) else None
        return str(old or ""), ""
    return str(homeserver.get("base_url") or ""), str(homeserver.get("server_name") or "")


def _port(workload: Workload) -> int:
    for container in workload.containers():
        for port in items(child(container, "ports")):
            number = text_at(port, ("containerPort",)) or ""
            if number.isdigit():
                return int(number)
    return _PORT
