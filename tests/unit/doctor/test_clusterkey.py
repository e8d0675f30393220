from __future__ import annotations

from dataclasses import replace

from matrix_secrets.operations.doctor.clusterkey import Entry, Seen, judge

KEY = "age1jah0000000000000000000000000000000000000000000000000000v9lkr"
GOOD = Entry("age.agekey", (KEY,), parses=True)
SEEN = Seen("flux-system", "sops-age", (GOOD,), (), {"postgres.yaml": True, "synapse.yaml": True}, "kubectl ")


def one(seen: Seen) -> tuple[str, str, str]:
    verdict = judge(seen)
    assert len(verdict.findings) == 1
    assert verdict.bars
    return verdict.findings[0].id, verdict.findings[0].message, verdict.findings[0].fix


def test_all_is_well() -> None:
    assert judge(SEEN).findings == ()
    other = Entry("README", (), parses=False)
    assert judge(replace(SEEN, entries=(other, GOOD))).findings == ()  # Flux does not look at it


def test_missing_and_elsewhere() -> None:
    assert one(replace(SEEN, entries=None))[::2] == (
        "cluster-key-missing",
        "matrix-secrets cluster install-key --push",
    )
    name, message, fix = one(replace(SEEN, entries=None, elsewhere=(("default", "age.agekey"),)))
    assert name == "cluster-key-elsewhere"
    assert "stands in default" in message
    assert fix.endswith("--from-file=age.agekey=/dev/stdin")
    assert "jsonpath='{.data.age\\.agekey}'" in fix


def test_misnamed() -> None:
    name, message, fix = one(replace(SEEN, entries=(replace(GOOD, name="age.key"),)))
    assert name == "cluster-key-misnamed"
    assert message == "has an entry age.key; Flux reads only *.agekey"
    assert '"from":"/data/age.key","path":"/data/age.agekey"' in fix
    assert one(replace(SEEN, entries=()))[2] == "matrix-secrets cluster install-key --push"
    assert '"path":"/data/key~1s.agekey"' in one(replace(SEEN, entries=(replace(GOOD, name="key/s.txt"),)))[2]


def test_one_broken_entry_is_enough() -> None:
    broken = Entry("old.agekey", (), parses=False)
    name, _, fix = one(replace(SEEN, entries=(GOOD, broken)))
    assert name == "cluster-key-broken"
    assert '"op":"remove","path":"/data/old.agekey"' in fix
    assert "install-key" in one(replace(SEEN, entries=(broken,)))[2]


def test_mismatch() -> None:
    name, message, fix = one(replace(SEEN, opened={"postgres.yaml": True, "synapse.yaml": False}))
    assert name == "cluster-key-mismatch"
    assert "1 of 2 encrypted files, not synapse.yaml" in message
    assert fix == f"matrix-secrets keys add cluster {KEY} --push"
