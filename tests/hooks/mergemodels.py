"""Small stacks and edits of them, as Hypothesis strategies: what a merge should be is known without merging."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

Target: TypeAlias = tuple[str, str]
"""Which document, and which key of it: a Secret's, an option of homeserver.yaml, the image, a comment."""

SECRET_KEYS: Final = ("POSTGRES_PASSWORD", "SYNAPSE_FORM_SECRET", "POSTGRES_DB", "TURN", "A", "B")
OPTIONS: Final = ("server_name", "form_secret", "report_stats", "max_upload_size", "x", "y")
VALUES: Final = ("one", "two words", "a: b", "it's", "#no", "0123", "ünï", "true", "long " * 20, "4711")
IMAGES: Final = ("postgres:15", "postgres:15.9", "postgres:16")
REMARKS: Final = ("first", "second", "third")


@dataclass(frozen=True)
class Model:
    """What the text says: by document and key, in order. None: the key is not there."""

    values: tuple[tuple[Target, str], ...]
    newline: str = "\n"

    def held(self) -> dict[Target, str]:
        return dict(self.values)

    def with_value(self, target: Target, value: str | None) -> Model:
        left = [(key, old) for key, old in self.values if key != target or value is not None]
        if value is None:
            return replace(self, values=tuple(left))
        if target in self.held():
            return replace(self, values=tuple((key, value if key == target else old) for key, old in left))
        return replace(self, values=(*left, (target, value)))

    def text(self) -> str:
        held = self.held()

        def of(document: str) -> list[tuple[str, str]]:
            return [(key, value) for (where, key), value in self.values if where == document]

        lines = ["# a stack", "apiVersion: v1", "kind: Secret", "metadata:", "  name: s", "stringData:"]
        lines += [f"  {key}: '{_single(value)}'" for key, value in of("secret")]
        lines += ["  END: 'x'", "---", "kind: ConfigMap", "metadata: {name: c}", "data:", "  homeserver.yaml: |"]
        lines += [f"    {key}: '{_single(value)}'" for key, value in of("config")]
        lines += ["    end: 1", "  other: 'plain'", "---", f"# {held['remark', 'text']}", "kind: Deployment"]
        lines += ["metadata:", "  name: d", "spec:", "  containers:", "    - name: p"]
        lines += [f"      image: {held['deployment', 'image']}", "      ports: [1]"]
        return "".join(line + self.newline for line in lines)


def _single(value: str) -> str:
    return value.replace("'", "''")


@st.composite
def models(draw: DrawFn) -> Model:
    def some(names: tuple[str, ...]) -> list[tuple[str, str]]:
        chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=5, unique=True))
        return [(name, draw(st.sampled_from(VALUES))) for name in chosen]

    secret = [(("secret", name), value) for name, value in some(SECRET_KEYS)]
    config = [(("config", name), value) for name, value in some(OPTIONS)]
    fixed = [(("deployment", "image"), IMAGES[0]), (("remark", "text"), REMARKS[0])]
    return Model((*secret, *config, *fixed), draw(st.sampled_from(("\n", "\r\n"))))


_targets: SearchStrategy[Target] = st.one_of(
    st.tuples(st.just("secret"), st.sampled_from(SECRET_KEYS)),
    st.tuples(st.just("config"), st.sampled_from(OPTIONS)),
    st.just(("deployment", "image")),
    st.just(("remark", "text")),
)
_CHOICES: Final = {"deployment": IMAGES, "remark": REMARKS}


@st.composite
def edits(draw: DrawFn) -> dict[Target, str | None]:
    """Draw some keys that are set, added or taken out."""
    found: dict[Target, str | None] = {}
    for target in draw(st.lists(_targets, max_size=4, unique=True)):
        choices: tuple[str, ...] = _CHOICES.get(target[0], VALUES)
        removable = target[0] in {"secret", "config"}
        found[target] = None if removable and draw(st.integers(0, 4)) == 0 else draw(st.sampled_from(choices))
    return found


def edited(model: Model, changes: dict[Target, str | None]) -> Model:
    for target, value in changes.items():
        model = model.with_value(target, value)
    return model


def expected(base: Model, ours: Model, theirs: Model) -> tuple[dict[Target, str | None], set[Target]]:
    """What each key should be, and the keys that both sides changed differently."""
    old, left, right = base.held(), ours.held(), theirs.held()
    merged: dict[Target, str | None] = {}
    conflicts: set[Target] = set()
    for target in {*old, *left, *right}:
        before, one, other = old.get(target), left.get(target), right.get(target)
        if other in (one, before):
            merged[target] = one
        elif one == before:
            merged[target] = other
        else:
            conflicts.add(target)
    return {target: value for target, value in merged.items() if value is not None}, conflicts
