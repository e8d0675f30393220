"""homeserver.yaml sealed, however it is written: options, quotes, comments, order; in a ConfigMap or in base64."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from matrix_secrets.errors import RefusedError
from matrix_secrets.manifests.edits import splice
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resources import resources
from matrix_secrets.stack.configtext import ConfigText, read_config
from matrix_secrets.stack.declarations import GUIDE_SECRETS
from matrix_secrets.stack.rewriting import compose
from matrix_secrets.stack.sealedconfig import name_file, without_password

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

SEALED = [each for each in GUIDE_SECRETS if each.path_option]
VALUES = st.sampled_from(["v4lue", "'it''s'", '"a b"', '""', "", "~", '"x: # y"', "0123"])
BEHIND = st.sampled_from(["", "", "  # why", "   "])


@st.composite
def homeservers(draw: DrawFn) -> str:
    blocks = ["server_name: here.example.net\n", "listeners:\n  - {port: 8008, type: http}\n", "report_stats: no\n"]
    for each in SEALED:
        (path,) = each.config_path or ("",)
        kind = draw(st.sampled_from(["value", "value", "absent", "path", "both"]))
        if kind in {"value", "both"}:
            blocks.append(f"{path}: {draw(VALUES)}{draw(BEHIND)}\n")
        if kind in {"path", "both"}:
            blocks.append(f"{path}_path: /own/{path}{draw(BEHIND)}\n")
    args = {"user": "synapse", "host": "db", "cp_min": "5"}
    if draw(st.booleans()):
        args["password"] = draw(st.sampled_from(["v4lue", "'it''s'", '"a b"']))
    names = draw(st.permutations(list(args)))
    if draw(st.booleans()):
        blocks.append("database: {name: psycopg2, args: {" + ", ".join(f"{k}: {args[k]}" for k in names) + "}}\n")
    else:
        lines = "".join(f"    {name}: {args[name]}{draw(BEHIND)}\n" for name in names)
        blocks.append(f"database:\n  name: psycopg2\n  args:\n{lines}")
    ordered = draw(st.permutations(blocks))
    between = st.sampled_from(["", "\n", "# ── here ──\n", "\n# one\n# two\n"])
    return "".join(draw(between) + block for block in ordered)


def manifest(text: str, style: str) -> str:
    if style == "base64":
        code = base64.b64encode(text.encode()).decode()
        return f"kind: Secret\nmetadata: {{name: c}}\ndata:\n  homeserver.yaml: {code}\n"
    if style == "quoted":
        spelled = json.dumps(text, ensure_ascii=False)
        return f"kind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  homeserver.yaml: {spelled}\n"
    body = "".join(f"    {line}" if line.strip() else line for line in text.splitlines(keepends=True))
    return f"kind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  homeserver.yaml: |\n{body}  other: |\n    x\n"


def config_of(outer: str) -> ConfigText:
    (resource,) = resources(parse(outer, "c.yaml"))
    entry = resource.entry("homeserver.yaml")
    assert entry is not None
    return read_config(entry, None)


def sealed(outer: str) -> str:
    config = config_of(outer)
    rewrites = [r for each in SEALED for r in name_file(config, each, f"/secrets/{(each.config_path or ('',))[0]}")]
    rewrites += without_password(config)
    return splice(outer, compose(rewrites).get("c.yaml", []))


# The password, which goes, is the last line, and a secret that is missing has to be added.
LAST_LINE = (
    "server_name: here.example.net\nlisteners:\n  - {port: 8008, type: http}\nreport_stats: no\n"
    "macaroon_secret_key: v4lue\n"
    "form_secret: v4lue\ndatabase:\n  name: psycopg2\n  args:\n    user: synapse\n    host: db\n    cp_min: 5\n"
    "    password: v4lue\n"
)


def loaded(text: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return found


@example(LAST_LINE, "block")
@given(homeservers(), st.sampled_from(["block", "base64", "quoted"]))
def test_any_homeserver(text: str, style: str) -> None:
    outer = manifest(text, style)
    before = loaded(config_of(outer).embedded.text)
    new = sealed(outer)
    result = config_of(new).embedded.text
    after = loaded(result)
    for each in SEALED:
        (path,) = each.config_path or ("",)
        own = before.get(f"{path}_path")
        assert path not in after
        assert after[f"{path}_path"] == (own or f"/secrets/{path}")
    assert "password" not in after["database"]["args"]
    before["database"]["args"].pop("password", None)
    assert after["database"] == before["database"]
    options = tuple(each.config_path[0] for each in SEALED if each.config_path)
    kept = {key: value for key, value in before.items() if not key.startswith(options)}
    assert {key: after[key] for key in kept} == kept
    assert result.count("#") >= text.replace('"x: # y"', "").count("#")
    assert sealed(new) == new


@pytest.mark.parametrize(
    "text",
    [
        "form_secret: &a x\nother: *a\n",
        "database: {name: psycopg2, args: {password: &p x, dsn: *p}}\n",
        "database: {name: psycopg2, args: &args {password: x}}\nother: *args\n",
    ],
)
def test_what_others_refer_to_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="anchor"):
        sealed(manifest(text, "block"))
