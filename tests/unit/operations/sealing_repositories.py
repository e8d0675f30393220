"""Repositories to seal: the fixtures with real values, plain or encrypted, and workers beside Synapse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyrage

from matrix_secrets.agekeys.identity import Identity as AgeIdentity
from matrix_secrets.operations.configure import Identity, plan_configure
from matrix_secrets.operations.encrypt import plan_encrypt
from matrix_secrets.operations.generate import plan_generate
from matrix_secrets.operations.seal import plan_seal
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.workspace import Workspace
from tests.unit.stack.repositories import apply, guide

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.operations.deployment import Deployment
    from matrix_secrets.operations.plan import Plan
    from matrix_secrets.stack.images import Version
    from matrix_secrets.stack.model import Stack

KEY = pyrage.x25519.Identity.generate()
WORKER = """\
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: worker
  namespace: matrix
spec:
  template:
    spec:
      containers:
        - image: matrixdotorg/synapse:v1.163.2
          name: worker
          volumeMounts: [{name: config, mountPath: /conf}]
          envFrom: []
      volumes: [{name: config, configMap: {name: synapse-config}}]
"""


class Never:
    """Nothing was published."""

    def deployment_of(self, stack: Stack) -> Deployment | None:
        del stack
        return None


def here(root: Path) -> Workspace:
    identities = [AgeIdentity.from_age_key(str(KEY), "test")]
    return Workspace(root, root / ".git", lambda: BuiltinEngine(lambda: identities))


def filled(root: Path, name: str = "guide", *, encrypted: bool = False) -> Path:
    """Copy a fixture and give it real values."""
    guide(root, name)
    workspace = here(root)
    apply(plan_configure(workspace, find_stacks(workspace), Identity("192.168.1.100", "192.168.1.100")))
    workspace = here(root)
    apply(plan_generate(workspace, find_stacks(workspace)))
    if encrypted:
        workspace = here(root)
        recipients = [(str(KEY.to_public()), "me")]
        apply(plan_encrypt(workspace, find_stacks(workspace), (), recipients=recipients))
    return root


def seal(root: Path, version: Version | None = None) -> Plan:
    workspace = here(root)
    return plan_seal(workspace, find_stacks(workspace), Never(), version)


def stack_of(root: Path) -> Stack:
    (stack,) = find_stacks(here(root))
    return stack
