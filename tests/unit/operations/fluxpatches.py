"""Patches over Flux's own manifests, in the forms that Kustomize knows."""

from __future__ import annotations

STRATEGIC = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: NAME, namespace: flux-system}
spec:
  decryption:
    provider: sops
    secretRef:
      name: sops-age
"""
JSON_PATCH = '[{"op": "add", "path": "/spec/decryption", "value": {"provider": "sops", "secretRef": {"name": "k"}}}]'
FLAG = "--sops-age-secret=sops-age"
FLAG_PATCH = """- op: add
  path: /spec/template/spec/containers/0/args/-
  value: --sops-age-secret=sops-age
"""


def strategic(name: str) -> str:
    return STRATEGIC.replace("NAME", name)


def indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


def inline(text: str) -> str:
    """A list of one patch, without a target."""
    return f"patches:\n- patch: |\n{indented(text, 4)}"


OTHERS = """patches:
  - path: other.yaml
    # of the other one
  - patch: |
      - op: remove
        path: /spec/prune
    target:
      kind: Kustomization
      name: flux-system
# the end
"""
FLOW = """patches: [{"patch": "- {op: remove, path: /spec/prune}",
  "target": {"name": "flux-system", "kind": "Kustomization"}}]
"""
JSON_OF_OLD = """patchesJson6902:
- path: decryption.json
  target:
    group: kustomize.toolkit.fluxcd.io
    version: v1
    kind: Kustomization
    name: flux-system
"""
IN_TWO = """patches:
- patch: '[{"op": "add", "path": "/spec/decryption", "value": {"provider": "sops"}}]'
  target: {kind: Kustomization}
- patch: '[{"op": "add", "path": "/spec/decryption/secretRef", "value": {"name": "k"}}]'
  target: {kind: Kustomization}
"""
DECRYPTING = {
    "inline": inline(strategic("flux-system")),
    "file": "patches:\n- path: decryption.yaml\n",
    "json with a target": f"patches:\n- patch: '{JSON_PATCH}'\n  target: {{kind: Kustomization, name: flux-.*}}\n",
    "json by labels": f"patches:\n- patch: '{JSON_PATCH}'\n  target: {{labelSelector: role=sync}}\n",
    "json file": "patches:\n- path: decryption.json\n  target: {group: kustomize.toolkit.fluxcd.io}\n",
    "strategic merge of old": "patchesStrategicMerge:\n- decryption.yaml\n",
    "strategic merge of old, inline": f"patchesStrategicMerge:\n- |\n{indented(strategic('flux-system'), 2)}",
    "json of old": JSON_OF_OLD,
    "in two patches": IN_TWO,
}
FOR_OTHERS = {
    "another name": inline(strategic("others")),
    "another target": f"patches:\n- patch: '{JSON_PATCH}'\n  target: {{kind: Kustomization, name: flux}}\n",
    "another label": f"patches:\n- patch: '{JSON_PATCH}'\n  target: {{labelSelector: role=none}}\n",
    "taken back": DECRYPTING["inline"]
    + """- patch: '[{"op": "remove", "path": "/spec/decryption"}]'
  target: {kind: Kustomization}
""",
}
FLAGGING = {
    "json for several": f"""patches:
- patch: |
{indented(FLAG_PATCH, 4)}  target:
    kind: Deployment
    name: (kustomize-controller|helm-controller)
""",
    "file": "patches:\n- path: flag.yaml\n",
    "file for a label": """patches:
- path: flag.yaml
  target: {kind: Deployment, labelSelector: app.kubernetes.io/part-of=flux}
""",
}
