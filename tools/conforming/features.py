"""Every feature of the format, by the text that shows it."""

from __future__ import annotations

from typing import Final, NamedTuple

LONG: Final = "x" * 100_000
BRANCH: Final = {"encrypted_regex": "^(data|stringData)$"}
"""The guide's selector: what stands under these keys."""


class Feature(NamedTuple):
    """A plain text. ``whole``: it can be encrypted without any selector, too; ``exact``: its bytes come back."""

    name: str
    text: str
    whole: bool = True
    exact: bool = True


FEATURES: Final = {
    "Types of values": (
        Feature("string", "data:\n  k: word\n"),
        Feature("empty string", "data:\n  k: ''\n  l: \"\"\n"),
        Feature("very long string (100 kB)", f"data:\n  k: {LONG}\n"),
        Feature("Unicode, in keys too", "data:\n  k: naïve 漢字 🚀\n  'ключ': \"\\u00e9\"\n", exact=False),
        Feature("integers", "data:\n  k: 12\n  l: -7\n  m: 0\n  n: 9223372036854775807\n"),
        Feature("floats, infinity", "data:\n  k: 1.5\n  l: -0.25\n  m: 1e+06\n  n: .inf\n  o: -.inf\n"),
        Feature("not a number", "data:\n  k: .nan\n"),
        Feature("booleans", "data:\n  k: true\n  l: false\n"),
        Feature("null", "data:\n  k: null\n  l: ~\n  m:\n"),
        Feature("timestamp in full", "data:\n  k: 2024-01-31T10:20:30Z\n"),
        Feature(
            "strings that look like something else",
            "data:\n  k: '12'\n  l: \"true\"\n  m: '2024-01-31'\n  n: 'yes'\n",
        ),
        Feature("base64", "data:\n  k: aGVsbG8=\n"),
    ),
    "Spellings": (
        Feature("single quotes", "data:\n  k: 'it''s'\n"),
        Feature("double quotes", 'data:\n  k: "a\\tb"\n'),
        Feature("literal block", "data:\n  k: |\n    one\n\n      two\n"),
        Feature("literal block, stripped", "data:\n  k: |-\n    one\n    two\n"),
        Feature("literal block, kept", "data:\n  k: |+\n    one\n\n\n  l: x\n"),
        Feature("literal block with an indentation indicator", "data:\n  k: |2\n      one\n    two\n"),
        Feature("folded block", "data:\n  k: >\n    one paragraph\n\n    and another\n"),
        Feature("folded block, stripped", "data:\n  k: >-\n    one paragraph\n"),
        Feature("quoted keys", "data:\n  \"k\": v\n  'l:': w\n"),
        Feature("odd indentation", "data:\n     k: v\n     l:\n        - w\n"),
        Feature("indented from the start", "  data:\n    k: v\n  kind: x\n"),
        Feature("byte order mark", "\ufeffdata:\n  k: v\n"),
        Feature("no line end at the end", "kind: x\ndata:\n  k: v"),
        Feature("block without a line end", "kind: x\ndata:\n  k: |\n    v"),
    ),
    "Collections": (
        Feature("list", "data:\n  k:\n    - a\n    - 1\n    - |\n      text\n"),
        Feature("list without indentation", "data:\n- a\n- b\n"),
        Feature("list of mappings", "data:\n  k:\n    - a: 1\n      b: x\n    -   c: z\n"),
        Feature("list of lists", "data:\n  k:\n    - - a\n      - b\n    - - c\n"),
        Feature(
            "flow collections", "data: {k: word, l: 'q', m: \"d\", n: [1, true, x y], o: {p: q}}\n"
        ),
        Feature("empty collections", "data:\n  k: []\n  l: {}\n  m: x\n"),
        Feature("flow mapping at the top (JSON)", '{"data": {"k": "v", "l": 1}, "kind": "x"}\n'),
        Feature("the same with a comma at the end", "{data: {k: v,}, kind: x, }\n"),
        Feature("anchor that nobody refers to", "data:\n  k: &a v\n"),
        Feature(
            "anchors, aliases and merge keys in what stays plain",
            "base: &a\n  x: 1\nother: *a\nmore:\n  <<: *a\ndata:\n  k: v\n",
            whole=False,
        ),
        Feature("tags in what stays plain", "a: !!str 12\nb: !mine x\ndata:\n  k: v\n", whole=False),
    ),
    "Documents": (
        Feature("several documents, one without a value", "kind: a\ndata:\n  k: v\n---\nkind: b\n---\ndata:\n  k: w\n"),
        Feature("empty documents at the end", "data:\n  k: v\n---\n---\n# nothing\n"),
        Feature("ends of documents (`...`)", "data:\n  k: v\n...\n---\nkind: x\n...\n"),
        Feature("comment header before the first `---`", "# one\n# two\n\n# three\n---\ndata:\n  k: v\n"),
    ),
    "Comments": (
        Feature(
            "in the encrypted branch",
            "data:\n  # one\n  k: v # two\n  # three\n\n  # four\n  l: w\n  # five\nkind: x\n",
        ),
        Feature("in a list", "data:\n  k:\n    # before\n    - a # behind\n    # between\n    - b\n    # after\n"),
        Feature("on a block's header", "data:\n  k: | # behind\n    text\n"),
        Feature("empty", "data:\n  #\n  k: v\n"),
        Feature("in column 0 between two keys", "data:\n  k: v\n# c\n  l: w\n"),
    ),
}  # fmt: skip

SELECTORS: Final[tuple[dict[str, str], ...]] = (
    {"unencrypted_suffix": "_plain"},
    {"encrypted_suffix": "_enc"},
    {"unencrypted_regex": "^gr"},
    {"encrypted_regex": "^(a|group)$"},
    {"unencrypted_comment_regex": "hide"},
    {"encrypted_comment_regex": "hide"},
    {},
)
SELECTED: Final = "a: 1\na_plain: 2\nb_enc: 3\ngroup:\n  a: 4\n  # hide this\n  c: 5\n  d: 6\n"

SPLICED: Final = {
    "plain": "  k: {}\n",
    "in single quotes": "  k: '{}'\n",
    "in double quotes": '  k: "{}"\n',
    "in `|`": "  k: |\n    {}\n",
    "in `|-`": "  k: |-\n    {}\n",
    "in `|+`": "  k: |+\n    {}\n\n\n",
    "in `|2`": "  k: |2\n    {}\n",
    "in `>`": "  k: >\n    {}\n",
    "in `>-`": "  k: >-\n    {}\n",
    "on a line of its own": "  k:\n    {}\n",
    "behind an anchor that nobody refers to": "  k: &a {}\n",
}
"""Where sops takes a ciphertext that it did not put there itself."""

NOT_TAKEN: Final = {
    "plain in a flow collection": "  k: [{}]\n",
    "with more indentation than `|2` says": "  k: |2\n      {}\n\n",
    "under `!!int`": "  k: !!int {}\n",
    "under `!!binary`": "  k: !!binary {}\n",
    "behind an anchor that an alias refers to": "  k: &a {}\n  l: *a\n",
}
"""Where it does not."""

REFUSED: Final = {
    "a list at the top": "- a\n",
    "a number as key": "data:\n  1: a\n",
    "a boolean as key": "data:\n  true: a\n",
    "an integer beyond 64 bits, in what stays plain, too": "a_unencrypted: 9223372036854775808\n",
    "a duplicate key in the first document": "a: 1\na: 2\n",
    "`%YAML 1.2`": "%YAML 1.2\n---\na: 1\n",
    "an escaped slash (`\\/`)": 'a: "x\\/y"\n',
    "an empty file": "",
    "a key `sops` of one's own": "a: 1\nsops:\n  b: 2\n",
}

SILENTLY: Final = {
    "an alias to an encrypted value": "data:\n  k: &a secret\nother: *a\n",
    "`0123`": "data:\n  k: 0123\n",
    "`1e5`": "data:\n  k: 1e5\n",
    "`0x1F`": "data:\n  k: 0x1F\n",
    "`1.10`": "data:\n  k: 1.10\n",
    "`1_000`": "data:\n  k: 1_000\n",
    "a date": "data:\n  k: 2024-01-31\n",
}
DUPLICATE_LATER: Final = "data:\n  k: a\n---\ndata:\n  k: b\n  k: c\n"
"""A duplicate key after the first document, which sops keeps, and which a cluster reads as one of the two."""
