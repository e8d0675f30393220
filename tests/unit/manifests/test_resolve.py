"""Plain scalars as go-yaml v3 resolves them. The expected values were printed by go-yaml v3.0.4 itself."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.manifests.gofloat import format_f, format_g
from matrix_secrets.manifests.resolve import Kind, emitted, is_ambiguous_string, resolve
from matrix_secrets.manifests.timestamp import normal_timestamp

TABLE = [
    # spelling, kind, text as hashed and encrypted, written again in the same way
    ("word", Kind.STR, "word", True),
    ("", Kind.NULL, "", True),
    ("~", Kind.NULL, "", True),
    ("Null", Kind.NULL, "", True),
    ("nULL", Kind.STR, "nULL", True),
    ("true", Kind.BOOL, "True", True),
    ("True", Kind.BOOL, "True", False),
    ("FALSE", Kind.BOOL, "False", False),
    ("tRue", Kind.STR, "tRue", True),
    ("yes", Kind.STR, "yes", False),
    ("n", Kind.STR, "n", False),
    ("Off", Kind.STR, "Off", False),
    ("0", Kind.INT, "0", True),
    ("-12", Kind.INT, "-12", True),
    ("+12", Kind.INT, "12", False),
    ("-0", Kind.INT, "0", False),
    ("0123", Kind.INT, "83", False),
    ("0o17", Kind.INT, "15", False),
    ("0o-7", Kind.INT, "-7", False),
    ("0b101", Kind.INT, "5", False),
    ("0x1F", Kind.INT, "31", False),
    ("1_000", Kind.INT, "1000", False),
    ("08", Kind.FLOAT, "8", False),
    ("9223372036854775807", Kind.INT, "9223372036854775807", True),
    ("-9223372036854775808", Kind.INT, "-9223372036854775808", True),
    ("9223372036854775808", Kind.TOO_BIG, "9223372036854775808", False),
    ("18446744073709551616", Kind.FLOAT, "18446744073709552000", False),
    ("0x10000000000000000", Kind.STR, "0x10000000000000000", True),
    ("1.5", Kind.FLOAT, "1.5", True),
    ("1.10", Kind.FLOAT, "1.1", False),
    ("1.0", Kind.FLOAT, "1", False),
    ("1e5", Kind.FLOAT, "100000", False),
    ("1e+06", Kind.FLOAT, "1000000", True),
    ("1234567.5", Kind.FLOAT, "1234567.5", False),
    ("1.2345675e+06", Kind.FLOAT, "1234567.5", True),
    (".5", Kind.FLOAT, "0.5", False),
    (".5_0", Kind.FLOAT, "0.5", False),
    ("1e999", Kind.STR, "1e999", True),
    (".89e801", Kind.STR, ".89e801", True),
    (".inf", Kind.FLOAT, "+Inf", True),
    ("+.INF", Kind.FLOAT, "+Inf", False),
    ("-.inf", Kind.FLOAT, "-Inf", True),
    (".nan", Kind.FLOAT, "NaN", True),
    (".x", Kind.STR, ".x", True),
    ("2001-12-14", Kind.TIME, "2001-12-14T00:00:00Z", False),
    ("2001-12-14T21:59:43Z", Kind.TIME, "2001-12-14T21:59:43Z", True),
    ("2001-12-14t21:59:43.10-05:00", Kind.TIME, "2001-12-14T21:59:43.1-05:00", False),
    ("2001-1-1 1:2:3", Kind.TIME, "2001-01-01T01:02:03Z", False),
    ("2001-02-30", Kind.STR, "2001-02-30", True),
    ("12:30", Kind.STR, "12:30", False),
    ("190:20:30.15", Kind.STR, "190:20:30.15", False),
    ("1.2.3", Kind.STR, "1.2.3", True),
    ("<<", Kind.STR, "<<", False),
]


@pytest.mark.parametrize(("spelling", "kind", "text", "canonical"), TABLE, ids=[row[0] or "empty" for row in TABLE])
def test_spellings(spelling: str, kind: Kind, text: str, canonical: bool) -> None:
    found = resolve(spelling)
    assert (found.kind, found.text, found.canonical) == (kind, text, canonical)


@pytest.mark.parametrize(
    ("number", "f", "g"),
    [
        (0.1, "0.1", "0.1"),
        (100000.0, "100000", "100000"),
        (1e6, "1000000", "1e+06"),
        (1e-4, "0.0001", "0.0001"),
        (1e-5, "0.00001", "1e-05"),
        (1e21, "1000000000000000000000", "1e+21"),
        (1.7976931348623157e308, "17976931348623157" + "0" * 292, "1.7976931348623157e+308"),
        (-2.5e-7, "-0.00000025", "-2.5e-07"),
        (math.inf, "+Inf", ".inf"),
    ],
)
def test_floats_as_go_writes_them(number: float, f: str, g: str) -> None:
    assert (format_f(number), format_g(number)) == (f, g)


@given(st.floats(allow_nan=False))
def test_a_float_is_read_back_from_both_spellings(number: float) -> None:
    assert float(format_f(number)) == number
    spelled = format_g(number)
    assert float(spelled.replace(".inf", "inf")) == number
    again = resolve(spelled)
    assert again.kind in (Kind.FLOAT, Kind.INT)


@given(st.text(st.sampled_from("0123456789+-._eExobTZ: yn~af"), max_size=12).map(str.strip))
def test_what_is_canonical_is_written_as_it_was(spelling: str) -> None:
    found = resolve(spelling)
    if found.canonical and found.kind in (Kind.INT, Kind.FLOAT, Kind.BOOL, Kind.TIME):
        assert emitted(found.kind, found.text) == spelling
    if found.kind in (Kind.INT, Kind.FLOAT, Kind.BOOL):
        again = resolve(emitted(found.kind, found.text))
        assert again.text == found.text or math.isnan(float(found.text))


@given(st.datetimes())
def test_timestamps_are_normal_once_normalised(moment: object) -> None:
    text = f"{moment:%Y-%m-%d %H:%M:%S}".rjust(19, "0")
    normal = normal_timestamp(text)
    assert normal is not None
    assert normal_timestamp(normal) == normal


def test_words_that_older_yaml_takes_for_something_else() -> None:
    assert all(is_ambiguous_string(word) for word in ("yes", "No", "ON", "y", "1:20", "12:30:45"))
    assert not any(is_ambiguous_string(word) for word in ("yess", "a:1", "::", "1:99"))
