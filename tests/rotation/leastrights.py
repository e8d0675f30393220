"""The rights that the reference page names for a command, and users who have those and no others."""

from __future__ import annotations

import itertools
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.testbed.users import RBAC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.testbed.cluster import Cluster

PAGE = Path(__file__).parents[2] / "docs/reference/rights.md"
NAMESPACES = ("", "flux-system", "matrix")  # the columns of the page's table
GROUPS = {
    "kustomizations": "kustomize.toolkit.fluxcd.io",
    "gitrepositories": "source.toolkit.fluxcd.io",
    "deployments": "apps",
}
SETTLING = 1.0  # seconds until the API server knows of a new role


class Right(NamedTuple):
    """A verb and a resource, ``secrets/sops-age`` or ``pods/exec``, in a namespace or (empty) everywhere."""

    namespace: str
    verb: str
    what: str

    @property
    def resource(self) -> str:
        return self.what if self.what.startswith("pods/") else self.what.partition("/")[0]

    @property
    def refusal(self) -> str:
        """What a command says that lacks it."""
        group = GROUPS.get(self.resource)
        named = f"{self.resource}.{group}" if group else self.resource
        return f"you may not {self.verb} {named}" + (f" in {self.namespace}" if self.namespace else "")

    @property
    def rule(self) -> dict[str, list[str]]:
        name = "" if self.what == self.resource else self.what.partition("/")[2]
        rule = {"apiGroups": [GROUPS.get(self.resource, "")], "resources": [self.resource], "verbs": [self.verb]}
        return rule | ({"resourceNames": [name]} if name else {})

    def __str__(self) -> str:
        return f"{self.verb} {self.what} {self.namespace}".rstrip()


def least(command: str) -> tuple[Right, ...]:
    """What the page says that a command needs."""
    table = PAGE.read_text().partition("| command | in the cluster |")[2].partition("\n\n")[0]
    (row,) = (line.split("|")[2:-1] for line in table.splitlines() if line.startswith(f"| `{command}`"))
    cells = (re.findall(r"(\w+) ([\w/-]+)", cell) for cell in row)
    return tuple(Right(where, *each) for where, cell in zip(NAMESPACES, cells, strict=True) for each in cell)


class Somebody:
    """A user whose rights change."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.kubeconfig = cluster.user()
        self._name = json.loads(self.kubeconfig.read_text())["contexts"][0]["context"]["user"]

    def may(self, rights: Iterable[Right]) -> str:
        """Have these rights and no others; return the kubeconfig."""
        by_namespace = {where: [*each] for where, each in itertools.groupby(sorted(rights), lambda one: one.namespace)}
        for where in NAMESPACES:
            kind, name = ("Role", {"namespace": where}) if where else ("ClusterRole", {})
            meta = {"name": self._name, **name}
            rules = [right.rule for right in by_namespace.get(where, ())]
            self._cluster.api.apply({"apiVersion": RBAC, "kind": kind, "metadata": meta, "rules": rules})
            group = RBAC.partition("/")[0]
            reference = {"apiGroup": group, "kind": kind, "name": self._name}
            subject = {"apiGroup": group, "kind": "User", "name": self._name}
            binding = {"apiVersion": RBAC, "kind": f"{kind}Binding", "metadata": meta}
            self._cluster.api.apply({**binding, "roleRef": reference, "subjects": [subject]})
        time.sleep(SETTLING)
        return str(self.kubeconfig)
