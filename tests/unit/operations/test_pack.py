"""The pack of a week: what is in it, what is not, and whether it is known when it was changed.

``pytest tests/unit/operations/test_pack.py --update-golden`` writes
its golden cover and lists anew.
"""

import csv
import hashlib
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from auditor.cli.main import main
from auditor.decisions.log import Judgement
from auditor.errors import ConfigurationError, ExitCode, SourceError
from auditor.operations.pack import Key, Order, Verification, Week, make_pack, verify
from auditor.operations.pack.pseudonyms import KEY, Pseudonyms, pseudonyms_of
from auditor.operations.record_decision import record_decision
from auditor.report.spreadsheet import read_csv
from auditor.storage.partitions import Partitions, read_day, write_partition
from auditor.storage.place import Place
from auditor.tables import LEDGER
from tests.support.page_reader import Reader
from tests.support.paths import ROOT
from tests.support.report_day import DAY, FORMULA, SCRIPT, estimate, ledger_rows, sale
from tests.support.stored_days import store_day, write_policy

WEEK = Week(2026, 13)
SATURDAY = DAY + timedelta(days=1)
GOLDEN = ROOT / "tests" / "golden" / "pack"


def large_day() -> list[dict[str, Any]]:
    """A day on which no count is small but one: 2 sales of store S002 could not be judged."""
    rows = ledger_rows()
    number = 100
    for store_id, judged, dark in (("S001", 30, 9), ("S002", 40, 2), ("S003", 25, 8)):
        for n in range(judged + dark):
            number += 1
            where = {"store_id": store_id, "cashier_id": f"C{number % 4}"}
            if n < dark:
                rows.append(sale(number % 600, "inconclusive", reason="no_face", **where))
            elif n % 2:
                rows.append(sale(number % 600, "id_checked", id_check="id_scanned", **where))
            else:
                rows.append(sale(number % 600, "over_threshold", **estimate(40, 0, 0.02), **where))
    return rows


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two days of the week, one decision, a fixed key of pseudonyms. Packs may be added."""
    folder = tmp_path_factory.mktemp("week")
    policy = write_policy(folder)
    out = folder / "out"
    store_day(out, policy, DAY, large_day())
    store_day(out, policy, SATURDAY)
    says = Judgement("no_check_seen", "A. Officer", datetime(2026, 3, 30, 9, tzinfo=UTC), "see Jo")
    record_decision(str(out), DAY, "S001/T002", says)
    Place(str(out)).write(KEY, bytes(range(32)))
    return out, policy


@pytest.fixture(scope="module")
def files(stored: tuple[Path, Path]) -> dict[str, bytes]:
    """The files of the week's pack, by path."""
    out, policy = stored
    made = make_pack(Order(str(out), WEEK, str(policy)))
    with zipfile.ZipFile(out / made.zip) as archive:
        zipped = {n.partition("/")[2]: archive.read(n) for n in archive.namelist()}
    folder = out / made.folder
    loose = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}
    assert zipped == loose
    return zipped


def rows(content: bytes) -> list[dict[str, str]]:
    return list(read_csv(content.decode()))


def test_a_week_is_monday_to_sunday_of_the_iso_calendar() -> None:
    assert Week.parse("2026-W13").days[0] == date(2026, 3, 23)
    assert Week.parse("2026-W53").days[-1] == date(2027, 1, 3)
    assert Week.of(date(2027, 1, 3)) == Week(2026, 53)
    for wrong in ("2026-13", "2026-W54", "2025-W53", "2026-W00", "", "2026-W13 "):
        with pytest.raises(ConfigurationError, match="ISO week"):
            Week.parse(wrong)


def test_the_lists_and_the_cover_are_the_golden_ones(
    files: dict[str, bytes], request: pytest.FixtureRequest
) -> None:
    names = [n for n in files if n.endswith(".csv") or n == "index.html"]
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        for name in names:
            (GOLDEN / name).write_bytes(files[name])
    golden = {path.name: path.read_bytes() for path in GOLDEN.iterdir()}
    assert sorted(golden) == sorted(names)
    for name in names:
        assert files[name] == golden[name], f"{name}: run with --update-golden and look"


def test_the_cover_is_well_formed_and_leads_to_what_is_there(files: dict[str, bytes]) -> None:
    cover = Reader(files["index.html"])
    for link in cover.links:
        target, _, fragment = link.partition("#")
        assert target in files or fragment in cover.ids, link
    assert {"index.html", "style.css", "site.js"} <= files.keys()
    assert cover.tags["h1"] == 1
    assert cover.tags["img"] == 0


def test_days_without_a_report_are_named(files: dict[str, bytes]) -> None:
    text = " ".join(Reader(files["index.html"]).text.split())
    assert "5 days of 7 have no report" in text
    assert "Sunday, 29 March 2026No report: nothing is known" in text
    days = rows(files["coverage_by_day.csv"])
    assert [row["report"] for row in days[:7]] == [
        *["no report: nothing is known"] * 4,
        *["reported"] * 2,
        "no report: nothing is known",
    ]
    assert days[0]["flagged"] == ""  # not 0
    manifest = json.loads(files["manifest.json"])
    assert manifest["days_reported"] == ["2026-03-27", "2026-03-28"]
    assert len(manifest["days_missing"]) == 5


def test_what_is_published_of_the_counts_is_right(
    files: dict[str, bytes], stored: tuple[Path, Path]
) -> None:
    out = Place(str(stored[0]))
    outcomes = [
        (str(day), row["store_id"], row["outcome"])
        for day in (DAY, SATURDAY)
        for row in read_day(out, "ledger", day).to_pylist()
    ]
    told = 0
    for row in rows(files["coverage_by_store.csv"]):
        for outcome in ("flagged", "id_checked", "over_threshold", "refused", "inconclusive"):
            true = outcomes.count((str(DAY), row["store_id"], outcome))
            true += outcomes.count((str(SATURDAY), row["store_id"], outcome))
            assert row[outcome] in {str(true), "withheld"}
            assert row[outcome] != "withheld" or outcome not in {"flagged", "refused"}
            assert not 0 < true < 5 or row[outcome] == "withheld" or outcome in LISTED
            told += row[outcome] != "withheld"
    assert told > 12
    whole = rows(files["coverage_by_day.csv"])[-1]
    assert whole["total"] == str(len(outcomes))
    assert whole["inconclusive"] == str(sum(o == "inconclusive" for _, _, o in outcomes))
    assert len(rows(files["flags.csv"])) == sum(o == "flagged" for _, _, o in outcomes)
    assert len(rows(files["refusals.csv"])) == sum(o == "refused" for _, _, o in outcomes)


LISTED = {"flagged", "refused"}


def test_every_estimate_has_its_interval(files: dict[str, bytes]) -> None:
    for name in ("flags.csv", "refusals.csv"):
        estimated = [row for row in rows(files[name]) if row["age"]]
        unseen = [row["reason"] for row in rows(files[name]) if not row["age"]]
        assert unseen == ["recorded_underage"] * (2 if name == "flags.csv" else 0)  # one a day
        for row in estimated:
            assert float(row["age_low"]) < float(row["age"]) < float(row["age_high"])
            assert row["p_under_challenge"]


def test_people_stand_under_pseudonyms(files: dict[str, bytes], stored: tuple[Path, Path]) -> None:
    everything = b"\n".join(content for name, content in files.items() if "assets" not in name)
    for person in (b"C07", b"A. Officer", b"see Jo", b"T002", b"1992-03-28", SCRIPT.encode()):
        assert person not in everything, person
    cashiers = {row["sale"]: row["cashier"] for row in rows(files["flags.csv"])}
    assert all(re.fullmatch(r"cashier-[a-z2-7]{12}", name) for name in cashiers.values())
    assert len(set(cashiers.values())) == 3  # C07, the script and the formula
    out, policy = stored
    named = make_pack(Order(str(out), WEEK, str(policy), with_names=True))
    assert named.zip.endswith("2026-W13-with-names.zip")
    listed = rows((out / named.folder / "flags.csv").read_bytes())
    assert {row["cashier"] for row in listed} == {"C07", SCRIPT, FORMULA}
    (noted,) = (row for row in listed if row["decision_note"])
    assert (noted["transaction_id"], noted["decision_note"]) == ("T002", "see Jo")
    raw = (out / named.folder / "flags.csv").read_bytes().decode()
    assert FORMULA in {r["cashier"][1:] for r in csv.DictReader(io.StringIO(raw, newline=""))}
    cover = Reader((out / named.folder / "index.html").read_bytes())
    assert "this pack holds personal data" in cover.text


def test_a_pack_with_another_content_leaves_the_earlier_one_to_be_verified(tmp_path: Path) -> None:
    policy, out = write_policy(tmp_path), tmp_path / "out"
    store_day(out, policy, DAY)
    order = Order(str(out), WEEK, str(policy))
    first = make_pack(order)
    content = (out / first.zip).read_bytes()
    assert make_pack(order).kept == ()  # the same again
    record_decision(str(out), DAY, "S001/T002", Judgement("looks_older", "A", datetime.now(UTC)))
    second = make_pack(order)
    assert second.kept == ("packs/2026-W13-replaced-0001.zip",)
    assert (out / second.kept[0]).read_bytes() == content
    verified = verify(str(out / second.kept[0]), None)
    assert (verified.sha256, verified.problems) == (first.sha256, ())
    assert make_pack(order).kept == ()
    named = order.week, str(policy)
    record_decision(str(out), DAY, "S001/T002", Judgement("cannot_tell", "A", datetime.now(UTC)))
    assert make_pack(Order(str(out), *named)).kept == ("packs/2026-W13-replaced-0002.zip",)
    assert (out / "packs/2026-W13-replaced-0001.zip").read_bytes() == content


def test_a_pseudonym_is_of_a_person_in_a_store_and_of_a_key(tmp_path: Path) -> None:
    one, other = Pseudonyms(bytes(32)), Pseudonyms(b"1" * 32)
    assert one.name("cashier", "S1", "C1") == one.name("cashier", "S1", "C1")
    names = [
        one.name("cashier", "S1", "C1"),
        one.name("cashier", "S2", "C1"),
        one.name("cashier", "S1", "C2"),
        one.name("officer", "S1", "C1"),
        other.name("cashier", "S1", "C1"),
        pseudonyms_of(Place(str(tmp_path))).name("cashier", "S1", "C1"),
    ]
    assert len(set(names)) == len(names)
    assert pseudonyms_of(Place(str(tmp_path))).name("cashier", "S1", "C1") == names[-1]
    assert (tmp_path / KEY).stat().st_mode & 0o077 == 0


def test_policy_and_model_are_in_it_with_their_hashes(files: dict[str, bytes]) -> None:
    manifest = json.loads(files["manifest.json"])
    (sha256,) = manifest["policy_sha256"]
    assert hashlib.sha256(files[f"policy/{sha256}.json"]).hexdigest() == sha256
    assert b"[validation" in files["models/age_resnet50-1-card.toml"]
    text = Reader(files["index.html"]).text
    assert sha256 in text
    assert "Model age_resnet50/1" in text
    assert manifest["models"] == [f"age_resnet50/1 {'3c' * 32}"]


def test_another_policy_than_the_one_in_force_is_said(
    stored: tuple[Path, Path], tmp_path: Path
) -> None:
    out, _ = stored
    policy = write_policy(tmp_path, min_exposure=9)
    made = make_pack(Order(str(out), Week(2026, 13), str(policy), with_names=True))
    text = Reader((out / made.folder / "index.html").read_bytes()).text
    assert "2\u00a0days of the week were audited under another policy" in text


def test_the_manifest_keeps_to_its_published_schema(files: dict[str, bytes]) -> None:
    schema = json.loads(files["pack-manifest.schema.json"])
    jsonschema.Draft202012Validator(schema).validate(json.loads(files["manifest.json"]))


def test_the_same_results_give_the_same_bytes(stored: tuple[Path, Path]) -> None:
    out, policy = stored
    made = [make_pack(Order(str(out), WEEK, str(policy))) for _ in range(2)]
    first = (out / made[0].zip).read_bytes()
    assert (out / made[1].zip).read_bytes() == first
    (out / made[0].folder / "stray.txt").write_text("left from before")
    make_pack(Order(str(out), WEEK, str(policy)))
    assert not (out / made[0].folder / "stray.txt").exists()


def test_a_week_without_any_report_makes_no_pack(stored: tuple[Path, Path]) -> None:
    out, policy = stored
    with pytest.raises(SourceError, match="no day of 2026-W20 has a report"):
        make_pack(Order(str(out), Week(2026, 20), str(policy)))
    assert not (out / "packs/2026-W20").exists()


def test_a_control_sample_is_packed_where_there_is_one(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    assert {row["outcome"] for row in rows(files["control_sample.csv"])} <= {
        "over_threshold",
        "id_checked",
    }
    assert "4\u00a0unflagged sales were drawn" in Reader(files["index.html"]).text
    policy, out = write_policy(tmp_path), tmp_path / "out"
    store_day(out, policy)
    place = Place(str(out))
    for store_id in Partitions(place, "ledger", DAY).stores:
        own = Partitions(place, "ledger", DAY).of(store_id).to_pylist()
        faceless = LEDGER.from_rows({**row, "crop": None} for row in own)
        write_partition(place, "ledger", DAY, store_id, faceless)
    made = make_pack(Order(str(out), WEEK, str(policy)))
    assert not (out / made.folder / "control_sample.csv").exists()
    page = Reader((out / made.folder / "index.html").read_bytes()).text
    assert "No control sample of unflagged sales was drawn" in page


def test_documents_are_added_and_pictures_refused(
    stored: tuple[Path, Path], tmp_path: Path
) -> None:
    out, policy = stored
    document, picture = tmp_path / "training 2026.txt", tmp_path / "face.pdf"
    document.write_text("who was trained, and when")
    picture.write_bytes(b"\xff\xd8\xff\xe0")
    order = Order(str(out), WEEK, str(policy), with_names=True, attachments=(document,))
    made = make_pack(order)
    assert (out / made.folder / "attachments/training 2026.txt").read_text() == document.read_text()
    assert verify(str(out / made.zip)).problems == ()
    with pytest.raises(ConfigurationError, match="holds no faces"):
        make_pack(Order(str(out), WEEK, str(policy), attachments=(picture,)))
    with pytest.raises(ConfigurationError, match="name of its own"):
        make_pack(Order(str(out), WEEK, str(policy), attachments=(document, document)))


# ---- Signed, and checked -------------------------------------------------------------------------


def pem(private: Ed25519PrivateKey) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
SECRET = b"0123456789abcdef0123456789abcdef\n"
KEYS = {"hash alone": None, "ed25519": pem(PRIVATE), "hmac-sha256": SECRET}


def _key(content: bytes | None) -> Key | None:
    return Key.parse(content, origin="key") if content else None


@pytest.fixture(scope="module", params=sorted(KEYS))
def packed(
    request: pytest.FixtureRequest, stored: tuple[Path, Path]
) -> tuple[str, dict[str, bytes]]:
    """A signed pack's files, and how it is signed."""
    out, policy = stored
    made = make_pack(Order(str(out), WEEK, str(policy), _key(KEYS[request.param])))
    assert request.param in made.signed
    folder = out / made.folder
    return request.param, {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")
    }


def _checked(files: dict[str, bytes], folder: Path, key: bytes | None) -> Verification:
    place = Place(str(folder))
    for path, content in files.items():
        place.write(path, content)
    return verify(str(folder), _key(key))


def test_a_whole_pack_is_whole(packed: tuple[str, dict[str, bytes]], tmp_path: Path) -> None:
    algorithm, files = packed
    key = {"ed25519": PUBLIC}.get(algorithm, KEYS[algorithm])
    found = _checked(files, tmp_path, key)
    assert found.problems == ()
    assert found.week == "2026-W13"
    assert verify(str(tmp_path)).problems == ()


@pytest.mark.parametrize("path", ["flags.csv", "index.html", "style.css"])
def test_a_changed_file_is_named(
    packed: tuple[str, dict[str, bytes]], tmp_path: Path, path: str
) -> None:
    changed = packed[1] | {path: packed[1][path].replace(b"1", b"2", 1)}
    assert _checked(changed, tmp_path, None).problems == (f"{path} was changed",)


def test_missing_and_added_files_are_named(
    packed: tuple[str, dict[str, bytes]], tmp_path: Path
) -> None:
    files = dict(packed[1])
    del files["refusals.csv"]
    files["more/extra.csv"] = b"x"
    assert _checked(files, tmp_path, None).problems == (
        "more/extra.csv was added",
        "refusals.csv is missing",
    )


def test_a_manifest_that_was_made_to_fit_is_found_by_its_signature(
    packed: tuple[str, dict[str, bytes]], tmp_path: Path
) -> None:
    """Who changes a file, its hash in the manifest and the manifest's hash cannot sign it."""
    algorithm, files = packed
    changed = files["flags.csv"] + b"\r\n"
    manifest = json.loads(files["manifest.json"])
    for file in manifest["files"]:
        if file["path"] == "flags.csv":
            file |= {"bytes": len(changed), "sha256": hashlib.sha256(changed).hexdigest()}
    forged = json.dumps(manifest).encode()
    signature = json.loads(files["signature.json"])
    assert _checked(
        files | {"flags.csv": changed, "manifest.json": forged}, tmp_path, None
    ).problems == ("the manifest is not the one that was signed",)
    signature["sha256"] = hashlib.sha256(forged).hexdigest()
    files = files | {
        "flags.csv": changed,
        "manifest.json": forged,
        "signature.json": json.dumps(signature).encode(),
    }
    found = _checked(files, tmp_path, {"ed25519": PUBLIC}.get(algorithm, SECRET))
    assert len(found.problems) == 1
    assert "not signed with a key" in found.problems[0] or "does not fit" in found.problems[0]


def test_another_key_is_no_match(packed: tuple[str, dict[str, bytes]], tmp_path: Path) -> None:
    for key in (pem(OTHER), b"x" * 32):
        assert len(_checked(packed[1], tmp_path, key).problems) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"short", "at least 32 bytes"),
        (b"-----BEGIN PRIVATE KEY-----\nTELLTALE\n-----END PRIVATE KEY-----", "Ed25519 key in PEM"),
        (b"-----BEGIN PUBLIC KEY-----\nTELLTALE\n-----END PUBLIC KEY-----", "Ed25519 key in PEM"),
    ],
)
def test_a_bad_key_is_said_and_not_shown(content: bytes, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as raised:
        Key.parse(content, origin="a.pem")
    assert "TELLTALE" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_public_key_does_not_sign(stored: tuple[Path, Path]) -> None:
    out, policy = stored
    with pytest.raises(ConfigurationError, match="private one"):
        make_pack(Order(str(out), WEEK, str(policy), _key(PUBLIC)))


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 no zip", b"\x00" * 100], ids=["empty", "broken", "zeros"]
)
def test_what_is_no_pack_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pack.zip").write_bytes(content)
    with pytest.raises(SourceError, match="no pack"):
        verify(str(tmp_path / "pack.zip"))
    with pytest.raises(SourceError, match="no pack"):
        verify(str(tmp_path / "nowhere"))
    with pytest.raises(SourceError, match=r"no manifest\.json"):
        verify(str(tmp_path))


# ---- On the command line -------------------------------------------------------------------------


def _auditor(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_on_the_command_line(stored: tuple[Path, Path], tmp_path: Path) -> None:
    out, policy = stored
    (tmp_path / "key.pem").write_bytes(pem(PRIVATE))
    made = _auditor(
        *("pack", "--week", "2026-W13", "--out", out, "--policy", policy),
        *("--key", tmp_path / "key.pem"),
    )
    assert made.exit_code == ExitCode.DONE, made.output
    assert "No report of 2026-03-23" in made.stderr
    assert f"{out}/packs/2026-W13.zip" in made.stdout
    checked = _auditor("pack", "--verify", out / "packs/2026-W13.zip")
    assert checked.exit_code == ExitCode.DONE
    assert "which it names itself" in checked.stdout
    with zipfile.ZipFile(out / "packs/2026-W13.zip") as archive:
        contents = {n: archive.read(n) for n in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "changed.zip", "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content + b" " if name.endswith("flags.csv") else content)
    found = _auditor("pack", "--verify", tmp_path / "changed.zip")
    assert found.exit_code == ExitCode.FAILED
    assert "flags.csv was changed" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pack"], "--verify"),
        (["pack", "--week", "2026-13", "--out", "x"], "ISO week"),
        (["pack", "--week", "2026-W13", "--out", "x", "--faces-until", "2020-01-01"], "over"),
    ],
)
def test_wrong_use_is_said(arguments: list[str], said: str) -> None:
    result = _auditor(*arguments)
    assert result.exit_code == ExitCode.WRONG_USE
    assert said in result.stderr


def test_flagged_sales_of_a_day_keep_their_order(stored: tuple[Path, Path]) -> None:
    """As the report ranks them: recorded underage, then the likeliest under the legal age."""
    out, policy = stored
    made = make_pack(Order(str(out), WEEK, str(policy)))
    flags = rows((out / made.folder / "flags.csv").read_bytes())
    recorded = [row["reason"] == "recorded_underage" for row in flags]
    assert recorded == [True] * 4 + [False] * 8  # of two days
    chances = [float(row["p_under_legal"]) for row in flags[4:]]
    assert chances == sorted(chances, reverse=True)
