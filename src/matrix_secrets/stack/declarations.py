"""The four secrets of the guide. What a repository declares beyond them joins this tuple on its way to discovery."""

from __future__ import annotations

from typing import Final

from matrix_secrets.stack.model import Declaration

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
