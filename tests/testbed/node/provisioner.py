"""K3s' local-path provisioner: a folder for every claim, gone with it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.testbed.api import Api, Resource

CLASS = "local-path"
PROVISIONER = "rancher.io/local-path"
SELECTED = "volume.kubernetes.io/selected-node"


@dataclass
class Provisioner:
    """Keeps volumes in ``folder``."""

    api: Api
    folder: Path

    def create_class(self) -> None:
        """The storage class, the default one, as K3s makes it."""
        self.folder.mkdir()
        default = {"storageclass.kubernetes.io/is-default-class": "true"}
        self.api.create(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": CLASS, "annotations": default},
                "provisioner": PROVISIONER,
                "reclaimPolicy": "Delete",
                "volumeBindingMode": "WaitForFirstConsumer",
            }
        )

    def look(self) -> None:
        """Make what claims wait for, delete what no claim has any more."""
        volumes = self.api.list("v1/PersistentVolume")
        claimed = {volume["spec"]["claimRef"]["uid"] for volume in volumes if volume["spec"].get("claimRef")}
        for claim in self.api.list("v1/PersistentVolumeClaim"):
            meta = claim["metadata"]
            selected = (meta.get("annotations") or {}).get(SELECTED)
            if claim["spec"].get("storageClassName") == CLASS and selected and meta["uid"] not in claimed:
                self._make(claim, selected)
        for volume in volumes:
            if (volume.get("status") or {}).get("phase") == "Released":
                shutil.rmtree(Path(volume["spec"]["hostPath"]["path"]), ignore_errors=True)
                self.api.delete("v1/PersistentVolume", volume["metadata"]["name"])

    def clear(self) -> None:
        for folder in self.folder.iterdir():
            shutil.rmtree(folder, ignore_errors=True)

    def _make(self, claim: Resource, node: str) -> None:
        meta = claim["metadata"]
        name = f"pvc-{meta['uid']}"
        terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}]
        self.api.apply(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
                "spec": {
                    "accessModes": claim["spec"]["accessModes"],
                    "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
                    "claimRef": {
                        "apiVersion": "v1",
                        "kind": "PersistentVolumeClaim",
                        "name": meta["name"],
                        "namespace": meta["namespace"],
                        "uid": meta["uid"],
                    },
                    "hostPath": {"path": str(self.folder / f"{name}_{meta['namespace']}_{meta['name']}")},
                    "nodeAffinity": {"required": {"nodeSelectorTerms": terms}},
                    "persistentVolumeReclaimPolicy": "Delete",
                    "storageClassName": CLASS,
                },
            }
        )
