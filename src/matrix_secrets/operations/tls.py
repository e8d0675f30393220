"""TLS: an Ingress with a certificate, https in every URL. The server's name stays what it is, and is delegated."""

from __future__ import annotations

import ipaddress
import posixpath
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import RefusedError, UsageError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.additions import add_file, list_file
from matrix_secrets.operations.configure import Identity, identity_changes
from matrix_secrets.operations.draft import Draft
from matrix_secrets.operations.options import Setting, homeservers, plan_settings
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.records import dataclass
from matrix_secrets.stack.backends import Backend, element_backend, synapse_backend
from matrix_secrets.stack.homeserver import is_on, real_server_name
from matrix_secrets.stack.ingress import HEAD, Site, client_answer, ingress_text, server_answer, well_known_text
from matrix_secrets.stack.optionedit import set_switch
from matrix_secrets.stack.servername import fault_of_server_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

# https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html#serve_server_wellknown
_SERVE: Final = ("serve_server_wellknown",)
_FORWARDED: Final = "x_forwarded"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user decided. ``delegate``: this cluster answers for the server name, too."""

    domain: str
    issuer: str
    ingress_class: str | None = None
    delegate: bool = False

    @property
    def command(self) -> str:
        """The command line that says it."""
        words = ["--domain", self.domain, "--issuer", self.issuer]
        words += ["--ingress-class", self.ingress_class] if self.ingress_class is not None else []
        return " ".join(["matrix-secrets tls enable", *words, *(["--delegate"] if self.delegate else [])])


def plan_tls(workspace: Workspace, stack: Stack, wanted: Wanted, *, pushed: bool = False) -> Plan:
    """Plan TLS for one stack.

    Raises UsageError for what is no domain, RefusedError where the server has no name or no Service yet, or a file of
    somebody else's is in the way.
    """
    if fault_of_server_name(wanted.domain) is not None or ":" in wanted.domain or _is_address(wanted.domain):
        hint = "matrix-secrets tls enable --domain matrix.yourdomain.com --issuer NAME"
        raise UsageError(f"{wanted.domain} is no domain of its own", hint=hint)
    (config, *_), name = homeservers([stack]), _name(stack)
    site = _site(stack, wanted, name)
    draft = Draft(workspace)
    changes = list(_files(draft, stack, site))
    identity = Identity(name, public_baseurl=f"https://{wanted.domain}")
    settings = [Setting(change, (rewrite,)) for change, rewrite in identity_changes(stack, identity)]
    if site.own_well_known and not is_on(config, _SERVE):
        change = Change(config.place(_SERVE), "set", "true")
        settings.append(Setting(change, (set_switch(config, _SERVE[0], on=True, after="public_baseurl"),)))
    plan = plan_settings(
        workspace,
        [stack],
        settings,
        message=f"feat(matrix): serve https://{wanted.domain}",
        notes=_notes(config, site, name),
        following=("matrix-secrets cluster reconcile" if pushed else f"{wanted.command} --push",),
    )
    added = [change.place.file for change in changes]
    return Plan(
        changes=(*changes, *plan.changes),
        writes=(*draft.writes(), *plan.writes),
        notes=plan.notes,
        commit_message=plan.commit_message,
        paths=tuple(dict.fromkeys((*_paths(draft, stack, site), *added, *plan.paths))),
        next_commands=plan.next_commands,
    )


def _site(stack: Stack, wanted: Wanted, name: str) -> Site:
    synapse = synapse_backend(stack)
    if synapse is None:
        raise RefusedError(
            f"{stack.label} has no Service that leads to Synapse", hint="add one, or name the directory: --stack DIR"
        )
    host = name.rpartition(":")[0] if name.rpartition(":")[2].isdigit() else name
    own = host == wanted.domain
    if wanted.delegate and _is_address(host):
        raise UsageError(
            f"the server's name is {name}: for an address no other server looks for a delegation",
            hint="leave --delegate out; clients reach the server under the domain all the same",
        )
    return Site(
        domain=wanted.domain,
        issuer=wanted.issuer,
        synapse=synapse,
        element=element_backend(stack),
        ingress_class=wanted.ingress_class,
        own_well_known=own,
        delegated=host if wanted.delegate and not own else None,
        upload=_upload(stack),
    )


def _files(draft: Draft, stack: Stack, site: Site) -> Iterator[Change]:
    texts = [(_ingress(stack), ingress_text(site))]
    if site.delegated:
        texts.append((_well_known(stack), well_known_text(site)))
    for file, text in texts:
        yield from add_file(draft, file, text, mark=HEAD.partition("\n")[0])
        yield from list_file(draft, file)


def _notes(config: ConfigText, site: Site, name: str) -> Iterator[Finding]:
    place = config.place(("server_name",))
    if _is_address(name.partition(":")[0]):
        text = f"server_name stays {name}: clients use {site.domain}, but servers find no certificate for an address"
        fix = "to federate, the server's name has to be a domain; it can be chosen until the first user exists"
        yield Finding("server-name-is-address", Severity.WARNING, place, text, fix)
    elif not site.own_well_known and site.delegated is None:
        text = f"server_name stays {name}; for others to find the server, https://{name} has to say where it is"
        fix = (
            f"serve {server_answer(site.domain)} at https://{name}/.well-known/matrix/server and "
            f"{client_answer(site.domain)} at …/client; or let this cluster do it: --delegate"
        )
        yield Finding("well-known-missing", Severity.WARNING, place, text, fix)
    listed = config.node(("listeners", 0, _FORWARDED))
    if listed is None:
        text = f"the listener has no {_FORWARDED}: true, so that Synapse takes the Ingress for every client"
        fix = f"add {_FORWARDED}: true to the listener in {config.file}"
        yield Finding("listener-not-forwarded", Severity.WARNING, config.place(("listeners",)), text, fix)
    yield from _open_ports([each for each in (site.synapse, site.element) if each is not None])


def _open_ports(backends: list[Backend]) -> Iterator[Finding]:
    for each in backends:
        if each.type == "NodePort":
            text = "its NodePort goes on answering in clear text"
            fix = f"once https works, make it type: ClusterIP in {each.service.stream.file}"
            yield Finding("node-port-in-clear", Severity.WARNING, each.service.place("spec", "type"), text, fix)


def _paths(draft: Draft, stack: Stack, site: Site) -> Iterator[str]:
    """Yield the files that this command looks after, changed now or by a run before."""
    yield _ingress(stack)
    if site.delegated:
        yield _well_known(stack)
    kustomization = posixpath.join(stack.directory, "kustomization.yaml")
    if draft.read(kustomization) is not None:
        yield kustomization


def _ingress(stack: Stack) -> str:
    return posixpath.join(stack.directory, "ingress.yaml")


def _well_known(stack: Stack) -> str:
    return posixpath.join(stack.directory, "well-known.yaml")


def _name(stack: Stack) -> str:
    found = next((name for config in stack.homeservers if (name := real_server_name(config))), None)
    if found is None:
        raise RefusedError(
            f"the server of {stack.label} has no name yet",
            hint="matrix-secrets configure --server-name NAME; until the first user exists, it can be the domain",
        )
    return found


def _upload(stack: Stack) -> str:
    """The body size that the Ingress lets pass: as much as Synapse takes."""
    found = next((text for config in stack.homeservers if (text := config.text(("max_upload_size",)))), "50M")
    return found.lower() if found[:-1].isdigit() else "50m"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
