"""``up``: what it has to know and nobody but the user can say; each asked once, where one answer fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cli import questions
from matrix_secrets.cli.perstack import same_name
from matrix_secrets.operations.nodeaddress import only_address
from matrix_secrets.operations.up.deciding import Decisions, known_name, knows_address
from matrix_secrets.stack.servername import check_node_ip, check_server_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.upoptions import Options
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.stack.model import Stack

_NAME_ADVICE: Final = (
    "The server's name is the part after the colon in every Matrix ID, and can never change once somebody has an "
    "account: a domain of yours, or, without one, the node's address."
)


class Questions:
    """The questions of one run; ``asked`` are those that somebody had to answer."""

    def __init__(self, app: App, options: Options) -> None:
        self.asked: list[str] = []
        self._app = app
        self._options = options
        self._addresses: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._advised = False

    def decide(self, stack: Stack, clusters: Sequence[Connection]) -> Decisions:
        """Ask what a stack needs; ``clusters`` are those that run it, none where there is none at hand.

        Raises UsageError for an answer that is missing, no name or address, or another server's name.
        """
        options = self._options
        address = options.node_ip.of(stack)
        if address is None and knows_address(stack):
            address = None
        elif address in {None, "auto"}:
            address = self._address(clusters[0] if clusters else None, given=address)
        if address is not None:
            check_node_ip(address)
        name = options.server_name.of(stack)
        if name is None and known_name(stack) is None:
            name = self._name(stack, address)
        if name is not None:
            check_server_name(name)
            self._refuse_twice(stack, name)
        return Decisions(name, address, options.admin, options.seal, options.registration_open)

    def confirm(self, question: str) -> bool:
        """Ask whether to go on."""
        self.asked.append(question)
        return self._app.confirm(question)

    def _name(self, stack: Stack, address: str | None) -> str:
        several = len(self._app.stacks) > 1
        if not self._advised:
            self._app.output.note(_NAME_ADVICE)
            self._advised = True
        question = f"Server name of {stack.label}" if several else "Server name"
        default = None if address in self._names.values() else address
        hint = f"add --server-name {stack.label}=NAME" if several else "add --server-name NAME"
        return self._answer(question, default, hint)

    def _refuse_twice(self, stack: Stack, name: str) -> None:
        other = next((label for label, taken in self._names.items() if taken == name), None)
        if other is not None:
            raise same_name(other, stack, name)
        self._names[stack.label] = name

    def _address(self, cluster: Connection | None, *, given: str | None) -> str:
        context = cluster.context if cluster is not None else ""
        if context not in self._addresses:
            self._addresses[context] = self._asked_address(cluster, given=given)
        return self._addresses[context]

    def _asked_address(self, cluster: Connection | None, *, given: str | None) -> str:
        found = []
        if cluster is not None:
            from matrix_secrets.cluster.nodes import internal_addresses  # noqa: PLC0415  kubernetes: 0.2 s

            found = internal_addresses(cluster.context)
        offered = found[0].address if found else None
        if given == "auto" or (offered is not None and self._app.settings.yes):
            return only_address(found).address
        where = f" on {cluster.context}" if cluster is not None and self._addresses else ""
        return self._answer(f"The node's address{where}", offered, "add --node-ip IP, or --node-ip auto")

    def _answer(self, question: str, default: str | None, hint: str) -> str:
        self.asked.append(question)
        with self._app.output.paused():
            return questions.answer(question, default, hint)
