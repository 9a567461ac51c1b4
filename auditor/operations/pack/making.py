"""Makes a pack from the stored days of a week, as a folder and a zip with a signed manifest.

The same results, policy, attachments and keys give the same bytes; the clock is not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from auditor import resources
from auditor.errors import ModelError, SourceError
from auditor.faces import model
from auditor.operations.pack import cover as covers
from auditor.operations.pack import manifest as manifests
from auditor.operations.pack.archive import read_attachments, zipped
from auditor.operations.pack.disclosure import TOTAL
from auditor.operations.pack.gathering import Gathered, gather
from auditor.operations.pack.manifest import MANIFEST, SIGNATURE, Manifest
from auditor.operations.pack.pseudonyms import Pseudonyms, pseudonyms_of
from auditor.operations.pack.sales import DECISION_COLUMNS, NAMED_COLUMNS, SALE_COLUMNS
from auditor.operations.pack.signing import Key, sign_without_key
from auditor.operations.pack.week import Week
from auditor.policy import Policy, load_policy
from auditor.report.environment import assets, environment
from auditor.report.schema import SCHEMAS
from auditor.report.spreadsheet import Cell, csv_text
from auditor.storage.layout import FACE_PACKS
from auditor.storage.place import Place, results_in
from auditor.tables import OUTCOMES

#: Where packs lie below OUT.
PACKS = "packs"


@dataclass(frozen=True, slots=True)
class Order:
    """What to pack. Addresses are URLs.

    ``attachments`` are documents of the chain: training records, its refusals book, till prompts.
    With ``faces_until``, the pictures of the flagged sales go into a second pack that
    ``auditor expire`` deletes after that day; the first never holds any.
    """

    out: str
    week: Week
    policy: str | None = None
    key: Key | None = None
    with_names: bool = False
    attachments: tuple[Path, ...] = ()
    faces_until: date | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that was made; paths are relative to OUT, ``sha256`` is that of its manifest."""

    zip: str
    folder: str
    sha256: str
    signed: str
    days_missing: tuple[date, ...]
    kept: tuple[str, ...]  # zips of the packs that these replaced and that had another content
    faces: str | None  # the zip of the pictures
    faces_gone: int  # flagged sales whose picture is not kept (any more)


def make_pack(order: Order) -> Pack:
    """Make the pack of a week.

    An earlier one with another content stays beside it as a zip, ``NAME-replaced-0001.zip`` and so
    on: somebody may have been given it, or its hash, and it can still be verified.

    Raises:
        SourceError: no day of the week has a report, or an attachment cannot be read.
        ConfigurationError: the policy, the key or an attachment cannot be used.
        ContractError: a table or a decision was changed.
    """
    out, policy = results_in(order.out), load_policy(order.policy)
    people = Pseudonyms(None) if order.with_names else pseudonyms_of(out)
    week = gather(out, order.week.days, people)
    if not week.reported:
        raise SourceError(
            f"no day of {order.week} has a report below {out}: audit its days first, or check"
            " --out and --week"
        )
    smallest = policy.chain_rules(week.reported[-1]).smallest_count
    cover = _cover(order, policy, week, smallest)
    files = {
        "index.html": _page("pack.html.jinja", cover=cover, sale_columns=SALE_COLUMNS),
        **_tables(order, week, cover),
        f"policy/{policy.sha256}.json": policy.canonical,
        **_cards(week),
        **read_attachments(order.attachments),
        manifests.SCHEMA: (resources.folder(SCHEMAS) / manifests.SCHEMA).read_bytes(),
        **assets(),
    }
    head: dict[str, Any] = {
        "format_version": manifests.FORMAT_VERSION,
        "week": str(order.week),
        "chain": policy.chain_name,
        "days_reported": tuple(map(str, week.reported)),
        "days_missing": tuple(map(str, week.missing)),
        "with_names": order.with_names,
        "smallest_count": smallest,
        "policy_sha256": tuple(sorted(week.policies)),
        "models": tuple(f"{name} {sha256}" for name, sha256 in sorted(week.models)),
        "auditor_version": version("auditor"),
    }
    name = f"{order.week}{'-with-names' if order.with_names else ''}"
    manifest = Manifest(**head, kind="week", delete_after=None, files=manifests.list_files(files))
    folder = f"{PACKS}/{name}"
    made = _put(out, folder, files, manifest, order.key)
    faces, gone = _faces(out, order, week, cover, head)
    return Pack(
        made.zip,
        folder,
        made.sha256,
        made.signed,
        tuple(week.missing),
        tuple(part.kept for part in (made, faces) if part and part.kept),
        faces.zip if faces else None,
        gone,
    )


class _Put(NamedTuple):
    """A pack that was put in place; ``kept`` is where the one is kept that it replaced."""

    zip: str
    sha256: str
    signed: str
    kept: str | None


def _put(
    out: Place, folder: str, files: Mapping[str, bytes], manifest: Manifest, key: Key | None
) -> _Put:
    content = manifests.as_json(manifest)
    signature = key.sign(content) if key else sign_without_key(content)
    whole = {**files, MANIFEST: content, SIGNATURE: manifests.as_json(signature)}
    zipped_whole = zipped(whole, folder.rpartition("/")[2])
    kept = _keep(out, folder, zipped_whole)
    for path, part in whole.items():
        out.write(f"{folder}/{path}", part)
    for path in list(out.files(folder)):
        if path.removeprefix(f"{folder}/") not in whole:
            out.remove(path)
    out.write(f"{folder}.zip", zipped_whole)
    by = f"{signature.algorithm}, key {signature.key_id}" if key else "hash alone"
    return _Put(f"{folder}.zip", signature.sha256, by, kept)


def _keep(out: Place, folder: str, successor: bytes) -> str | None:
    """Keep the zip in place, if it differs from its successor; the path at which it is kept."""
    if not out.exists(f"{folder}.zip") or (present := out.read(f"{folder}.zip")) == successor:
        return None
    number = 1
    while out.exists(path := f"{folder}-replaced-{number:04}.zip"):
        if out.read(path) == present:  # it came back, or an earlier call was interrupted
            return path
        number += 1
    out.write(path, present)
    return path


def _cover(order: Order, policy: Policy, week: Gathered, smallest: int) -> covers.Cover:
    return covers.Cover(
        week=order.week,
        chain=policy.chain_name,
        **covers.count(order.week, week, smallest),
        flags=len(week.flags),
        wrong_flags=covers.wrong_flags(week),
        refusals=len(week.refusals),
        control=None if week.control is None else len(week.control),
        **covers.count_decisions(week),
        policies={sha256: len(days) for sha256, days in sorted(week.policies.items())},
        policy_sha256=policy.sha256,
        rules=tuple(covers.rules_in_force(policy, week.reported, sorted(week.stores))),
        models=tuple(
            covers.ModelRow(name, sha256, len(days), _card(name))
            for (name, sha256), days in sorted(week.models.items())
        ),
        attachments=tuple(PurePath(path).name for path in order.attachments),
        with_names=order.with_names,
        smallest_count=smallest,
        auditor_version=version("auditor"),
    )


def _tables(order: Order, week: Gathered, cover: covers.Cover) -> dict[str, bytes]:
    named = NAMED_COLUMNS if order.with_names else {}
    listed = [*SALE_COLUMNS, *named]
    decided = [*DECISION_COLUMNS, *(named and ("transaction_id", "decision_note"))]
    counts = [TOTAL, *OUTCOMES]
    by_day: list[dict[str, Cell]] = [
        {**vars(row), "report": "reported", **row.counts}
        if row.counts
        else {**vars(row), "report": "no report: nothing is known", **dict.fromkeys(counts)}
        for row in cover.days
    ]
    by_day.append({"day": "all", "report": "", "stores": None, "stores_read": None, **cover.totals})
    reported = len(week.reported)
    by_store = [{**vars(row), "days_reported": reported, **row.counts} for row in cover.stores]
    lists = {"flags": week.flags, "refusals": week.refusals, "control_sample": week.control}
    tables = {
        "coverage_by_day": csv_text(["day", "report", "stores", "stores_read", *counts], by_day),
        "coverage_by_store": csv_text(
            ["store_id", "store_name", "days_read", "days_reported", *counts], by_store
        ),
        "decisions": csv_text(decided, week.decisions),
        **{name: csv_text(listed, rows) for name, rows in lists.items() if rows is not None},
    }
    return {f"{name}.csv": text.encode() for name, text in tables.items()}


def _card(name: str) -> model.Card | None:
    try:
        return model.Card.read(name.rpartition("/")[2])
    except ModelError:
        return None  # a version that this installation does not have: the cover says so


def _cards(week: Gathered) -> dict[str, bytes]:
    return {
        f"models/{name.replace('/', '-')}-card.toml": (
            model.folder(name.rpartition("/")[2]) / "card.toml"
        ).read_bytes()
        for name in sorted({name for name, _ in week.models if _card(name)})
    }


def _faces(
    out: Place, order: Order, week: Gathered, cover: covers.Cover, head: Mapping[str, Any]
) -> tuple[_Put | None, int]:
    if order.faces_until is None:
        return None, 0
    kept = {sale: crop for sale, crop in sorted(week.crops.items()) if out.exists(crop)}
    rows = [row for row in week.flags if row["sale"] in kept]
    files = {
        "index.html": _page(
            "pack_faces.html.jinja", cover=cover, rows=rows, until=order.faces_until
        ),
        **{f"{sale}.jpg": out.read(crop) for sale, crop in kept.items()},
        **assets(),
    }
    manifest = Manifest(
        **head,
        kind="faces",
        delete_after=str(order.faces_until),
        files=manifests.list_files(files),
    )
    folder = f"{FACE_PACKS}/until={order.faces_until}/{order.week}-faces"
    return _put(out, folder, files, manifest, order.key), len(week.flags) - len(kept)


def _page(template: str, **context: Any) -> bytes:
    return environment().get_template(template).render(**context).encode()
