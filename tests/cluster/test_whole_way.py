"""From placeholders to a running stack, on a real cluster with a real Flux, by commands alone."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import yaml

from tests.cluster.watching import every_state_of

if TYPE_CHECKING:
    from tests.cluster.conftest import Home

NAMES = (
    "POSTGRES_PASSWORD",
    "SYNAPSE_MACAROON_SECRET_KEY",
    "SYNAPSE_REGISTRATION_SHARED_SECRET",
    "SYNAPSE_FORM_SECRET",
)
DIGEST_KEY = "MATRIX_SECRETS_DIGEST_KEY"


def test_from_placeholders_to_a_running_stack(whole_home: Home, engine: str) -> None:
    home, cli = whole_home, whole_home.cli
    with every_state_of(home.cluster, "matrix", "matrix-secrets") as states:
        home.running()
        values = plain_values(home)
        live = home.cluster.api.must_get("v1/Secret", "matrix-secrets", "matrix")["data"]
        held = {key: base64.b64decode(text).decode() for key, text in live.items()}
        home.repository.wait_applied()
        once_more(home)
    assert states, engine
    assert all(state == held for state in states), "the live Secret never held anything else"
    assert {name: held[name] for name in NAMES} == values
    assert set(held) == {*NAMES, "POSTGRES_USER", "POSTGRES_DB", DIGEST_KEY}
    configuration = home.cluster.api.must_get("v1/ConfigMap", "synapse-config", "matrix")["data"]["homeserver.yaml"]
    settings = yaml.load(configuration, Loader=yaml.CSafeLoader)
    assert settings["database"]["args"]["password"] == values["POSTGRES_PASSWORD"]
    assert settings["macaroon_secret_key"] == values["SYNAPSE_MACAROON_SECRET_KEY"]
    for name in ("synapse", "matrix-postgres", "element-web"):
        deployment = home.cluster.api.must_get("apps/v1/Deployment", name, "matrix")
        assert deployment["status"]["readyReplicas"] == 1, name
        assert "ENC[" not in json.dumps(deployment)
    assert cli("verify", code=None).code in {0, 1}


def once_more(home: Home) -> None:
    """Every command again: not a byte changes, in the repository or in the cluster's key."""
    before = home.cli.tree(), home.repository.head(), key_version(home)
    home.cli.configure()
    home.cli("generate")
    home.cli("encrypt", "--push")
    home.cli("cluster", "install-key", "--push")
    home.cli("cluster", "enable-decryption", "--push")
    home.cli("cluster", "reconcile")
    assert (home.cli.tree(), home.repository.head(), key_version(home)) == before


def key_version(home: Home) -> str:
    return str(home.cluster.api.must_get("v1/Secret", "sops-age", "flux-system")["metadata"]["resourceVersion"])


def plain_values(home: Home) -> dict[str, str]:
    """What the repository says, decrypted by whoever made it."""
    shown = home.cli("show", "--reveal", "--json").json
    return {each["name"]: each["value"] for each in shown["secrets"]}
