"""Users with few rights, for what a command says when it may not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.testbed import kubeconfig

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.api import Api, Resource
    from tests.testbed.apiserver import ApiServer

RBAC = "rbac.authorization.k8s.io/v1"


@dataclass
class Users:
    """Hands out the users that the API server knows and that have no rights yet."""

    root: Path
    apiserver: ApiServer
    api: Api
    bound: list[tuple[str, str, str | None]] = field(default_factory=list)
    _next: int = 0

    def mint(self, *rules: Resource, namespace: str | None = None) -> Path:
        """Bind a role with these rules to a new user; return the user's kubeconfig."""
        user = f"user-{self._next}"
        self._next += 1
        token = self.apiserver.tokens[user]
        role, binding = ("Role", "RoleBinding") if namespace else ("ClusterRole", "ClusterRoleBinding")
        meta = {"name": user, **({"namespace": namespace} if namespace else {})}
        if rules:
            self.api.apply({"apiVersion": RBAC, "kind": role, "metadata": meta, "rules": list(rules)})
            self.api.apply(
                {
                    "apiVersion": RBAC,
                    "kind": binding,
                    "metadata": meta,
                    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": user},
                    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
                }
            )
            self.bound += [(f"{RBAC}/{binding}", user, namespace), (f"{RBAC}/{role}", user, namespace)]
        return kubeconfig.write(self.root / f"kubeconfig-{user}", self.apiserver.server, token, user)

    def reset(self) -> None:
        """Take every right back; a user is never handed out twice before all have been."""
        for kind, name, namespace in self.bound:
            self.api.delete(kind, name, namespace)
        self.bound.clear()
        if self._next > len(self.apiserver.tokens) // 2:
            self._next = 0
