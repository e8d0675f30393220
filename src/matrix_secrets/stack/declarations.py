"""The managed secrets that are known by name: the guide's four, which every stack has, and two that it may have."""

from __future__ import annotations

from typing import Final

from matrix_secrets.stack.declaration import Declaration

POSTGRES_PASSWORD: Final = Declaration("POSTGRES_PASSWORD", ("database", "args", "password"))

# https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html: the options and their _path
GUIDE_SECRETS: Final = (
    POSTGRES_PASSWORD,
    Declaration("SYNAPSE_MACAROON_SECRET_KEY", ("macaroon_secret_key",), "macaroon_secret_key_path"),
    Declaration(
        "SYNAPSE_REGISTRATION_SHARED_SECRET", ("registration_shared_secret",), "registration_shared_secret_path"
    ),
    Declaration("SYNAPSE_FORM_SECRET", ("form_secret",), "form_secret_path"),
)
KNOWN_SECRETS: Final = (
    Declaration("TURN_SHARED_SECRET", ("turn_shared_secret",), "turn_shared_secret_path"),
    Declaration("SYNAPSE_WORKER_REPLICATION_SECRET", ("worker_replication_secret",), "worker_replication_secret_path"),
)
"""Managed once ``.matrix-secrets.yaml`` names them."""
