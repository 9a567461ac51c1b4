"""What every earlier version of this program has written can be read, and reported on.

tests/formats/ has files that the program of a commit wrote (its README.md says how), and
columns.json: the columns of each stored table, by format. ``--update-golden`` adds a table's new
format to it.
"""

import io
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from auditor import formats, pipeline
from auditor.errors import ConfigurationError, ContractError
from auditor.pipeline import Job
from auditor.policy import Policy
from auditor.storage import store
from auditor.storage.files import Place
from auditor.tables import DAILY, DECISION_LOG, LEDGER, REJECTS, STORED, Schema

FORMATS = Path(__file__).parent / "formats"
COLUMNS = FORMATS / "columns.json"
DAY = date(2026, 3, 27)
OF_FOLDER = {**STORED, **DAILY, "decisions": DECISION_LOG}
WRITTEN = sorted(FORMATS.glob("*/out/**/*.parquet"))
POLICIES = sorted(FORMATS.glob("*/policy.toml"))
REPORTED = [out.name for out in sorted(FORMATS.iterdir()) if (out / "out/ledger").is_dir()]


def _named(path: Path) -> str:
    commit, _, table, *_ = path.relative_to(FORMATS).parts
    return f"{commit}-{table}"


def _columns(schema: Schema) -> list[str]:
    return [f"{c.name}: {c.type}{' or null' if c.nullable else ''}" for c in schema.columns]


@pytest.mark.parametrize("schema", OF_FOLDER.values(), ids=OF_FOLDER)
def test_columns_that_change_raise_the_format(
    schema: Schema, request: pytest.FixtureRequest
) -> None:
    known = json.loads(COLUMNS.read_text(encoding="utf-8"))
    own = known.setdefault(schema.name, {})
    if request.config.getoption("--update-golden"):
        own.setdefault(str(schema.version), _columns(schema))
        COLUMNS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert own.get(str(schema.version)) == _columns(schema), (
        f"raise the version of {schema.name} in tables.py, add the step to formats.STEPS and files "
        "of the program before it to tests/formats, and run with --update-golden"
    )
    steps = {version for table, version in formats.STEPS if table == schema.name}
    assert steps == set(range(1, schema.version))


@pytest.mark.parametrize("path", WRITTEN, ids=_named)
def test_a_file_of_an_earlier_program_is_read(path: Path) -> None:
    schema = OF_FOLDER[path.relative_to(FORMATS).parts[2]]
    place, name = Place(str(path.parent)), path.name
    rows = store.read_table(place, name, schema)
    assert rows.schema == schema.arrow
    assert rows.num_rows == pq.read_metadata(path).num_rows > 0
    for column in schema.names:
        alone = store.read_table(place, name, schema, [column])
        assert alone.equals(rows.select([column]))


def test_every_format_but_the_newest_is_among_the_files() -> None:
    seen = set()
    for path in WRITTEN:
        schema = OF_FOLDER[path.relative_to(FORMATS).parts[2]]
        own = pq.read_schema(path)
        version = formats.of_file(schema.name, own, newest=schema.version, origin=path.name)
        seen.add((schema.name, version))
    assert seen >= {(s.name, v) for s in OF_FOLDER.values() for v in range(1, s.version)}


def _sales(commit: str) -> dict[str, dict[str, Any]]:
    ledger = store.read_day(Place(str(FORMATS / commit / "out")), "ledger", DAY)
    return {row["transaction_id"]: row for row in ledger.to_pylist()}


def test_what_was_not_kept_is_not_known_and_the_rest_is_as_it_was() -> None:
    old, new = _sales("43dcff6"), _sales("665d0c4")
    assert old.keys() == new.keys()
    for number, row in old.items():
        lines = row["basket"]
        assert {line["sold_at"] for line in lines} == {None}
        same = [name for name in LEDGER.names if name not in ("basket", "crop", "id_check_at")]
        assert {n: row[n] for n in same} == {n: new[number][n] for n in same}
    texts = [line["description"] for line in old["T001"]["basket"]]
    assert texts == [line["description"] for line in new["T001"]["basket"]]
    place = Place(str(FORMATS / "d899826/out"))
    assert store.read_day(place, "insights", DAY)["group_starts"].to_pylist() == ["18,25"]


@pytest.mark.parametrize("commit", REPORTED)
def test_a_report_can_be_rendered_from_a_day_of_an_earlier_program(
    commit: str, tmp_path: Path
) -> None:
    shutil.copytree(FORMATS / commit / "out", tmp_path / "out")
    policy = str(FORMATS / commit / "policy.toml")
    pipeline.report_day(Job(DAY, "", "", str(tmp_path / "out"), policy))
    report = json.loads((tmp_path / f"out/reports/{DAY}/report.json").read_bytes())
    assert report["coverage"]["alcohol_sales"] == 14
    assert len(report["flagged"]) == 4
    decided = [entry["decision"] for entry in report["decisions"]]
    assert decided == (["looks_older"] if (FORMATS / commit / "out/decisions").is_dir() else [])


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.parent.name)
def test_a_policy_of_an_earlier_program_is_read_and_its_number_changes_nothing(path: Path) -> None:
    policy = Policy.from_toml(path.read_bytes(), origin="policy.toml")
    assert policy.rules(DAY, "S004").challenge_age == 25
    assert policy.rules(date(2026, 3, 28), "S004").challenge_age == 30
    numbered = Policy.from_toml(b"format = 1\n" + path.read_bytes(), origin="policy.toml")
    assert numbered.sha256 == policy.sha256


def _file(metadata: dict[bytes, bytes]) -> bytes:
    rows = REJECTS.from_rows([{"stage": "s", "reason": "r", "source": "f", "detail": "d"}])
    content = io.BytesIO()
    pq.write_table(rows.replace_schema_metadata(metadata), content)
    return content.getvalue()


def test_a_file_tells_its_format(tmp_path: Path) -> None:
    store.write_table(Place(str(tmp_path)), "x.parquet", LEDGER.empty(), LEDGER)
    told = pq.read_schema(tmp_path / "x.parquet").metadata
    assert told[formats.KEY] == str(LEDGER.version).encode()


def test_a_file_of_a_later_program_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    out = Place(str(tmp_path))
    out.write("x.parquet", _file({formats.KEY: b"2"}))
    with pytest.raises(ContractError, match=r"x\.parquet: .*format 2.*upgrade the program"):
        store.read_table(out, "x.parquet", REJECTS)
    for no_number in (b"", b"one", b"0", b"-1"):
        out.write("x.parquet", _file({formats.KEY: no_number}))
        with pytest.raises(ContractError, match="is no number"):
            store.read_table(out, "x.parquet", REJECTS)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and nothing else PAR1")
    with pytest.raises(ContractError, match=r"x\.parquet is damaged"):
        store.read_table(Place(str(tmp_path)), "x.parquet", REJECTS)


@pytest.mark.parametrize(
    ("number", "said"),
    [("2", "format 2.*upgrade the program"), ("0", "whole number"), ('"1"', "whole number")],
)
def test_a_policy_of_a_later_program_is_refused_and_says_what_to_do(number: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"p\.toml: format: .*{said}"):
        Policy.from_toml(f"format = {number}\n".encode(), origin="p.toml")
