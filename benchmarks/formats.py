"""How long a million till lines take to read, by format, and how much memory.

``python -m benchmarks.formats`` prints the table of docs/formats.md. The same lines are written in
every format. Each contestant reads them in a process of its own, on the same cores, and they take
turns in every repeat. The peer is ``pandas.read_csv``, which reads all columns as text and checks
nothing; the others are ``read_sales`` as a run calls it, by a mapping where the columns are not the
audit's own.
"""

import csv
import json
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.inputs import Reading, read_sales
from auditor.mapping import Mapping
from auditor.policy import Policy
from auditor.storage.place import Place
from benchmarks.machine import peak_mb
from benchmarks.pages import table

DAY = date(2026, 3, 27)
_COLUMNS = (
    *("transaction_id", "store_id", "till_id", "cashier_id", "sold_at", "sku", "description"),
    *("category", "quantity", "amount", "id_check"),
)
_GERMAN = {
    "transaction_id": '"Bon"',
    "store_id": '"Filiale"',
    "till_id": '"Kasse"',
    "cashier_id": '"Bediener"',
    "sold_at": '{ join = ["Datum", "Uhrzeit"], time = "%d.%m.%Y %H:%M:%S" }',
    "sku": '"Artikel"',
    "description": '"Text"',
    "category": '{ column = "Gruppe", values = { "Bier" = "beer", "Brot" = "bread" } }',
    "quantity": '"Menge"',
    "amount": '"Betrag"',
    "id_check": '{ column = "Alter", values = { "OK" = "id_viewed", "" = "none" } }',
}
_NESTED = {
    "transaction_id": '"number"',
    "store_id": '"till.store"',
    "till_id": '"till.number"',
    "cashier_id": '"cashier"',
    "sold_at": '"at"',
    **{name: f'"items.{name}"' for name in ("sku", "description", "category", "quantity")},
    "amount": '"items.amount"',
    "id_check": '"items.id_check"',
}

Row = tuple[str, ...]


def _receipts(lines: int) -> Iterator[list[Row]]:
    """Transactions of some lines each, as rows of ``_COLUMNS``."""
    chance = random.Random(1)
    written = number = 0
    while written < lines:
        number += 1
        at = datetime(2026, 3, 27, 7) + timedelta(seconds=chance.randrange(50_000))  # noqa: DTZ001
        head = (
            f"{number}",
            f"S{chance.randrange(200):03}",
            f"{chance.randrange(12):02}",
            f"E{chance.randrange(900)}",
            at.isoformat(),
        )
        receipt: list[Row] = []
        for _ in range(min(chance.randrange(1, 14), lines - written)):
            article = chance.randrange(20_000)
            receipt.append(
                (
                    *head,
                    f"{4_000_000_000_000 + article}",
                    f"Article {article}",
                    chance.choice(("beer", "bread", "bread", "bread")),
                    chance.choice(("1", "1", "2", "0.754")),
                    f"{chance.randrange(50, 4000) / 100:.2f}",
                    "id_viewed" if chance.random() < 0.05 else "none",
                )
            )
        written += len(receipt)
        yield receipt


def _plain(path: Path, receipts: Iterator[list[Row]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_COLUMNS)
        for receipt in receipts:
            writer.writerows(receipt)


def _german(path: Path, receipts: Iterator[list[Row]]) -> None:
    words = {"beer": "Bier", "bread": "Brot", "id_viewed": "OK", "none": ""}
    with path.open("w", encoding="cp1252", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        head = ("Bon", "Filiale", "Kasse", "Bediener", "Datum", "Uhrzeit", "Artikel", "Text")
        writer.writerow((*head, "Gruppe", "Menge", "Betrag", "Alter"))
        for *ids, at, sku, text, group, quantity, amount, check in (
            r for rs in receipts for r in rs
        ):
            day, clock = f"{at[8:10]}.{at[5:7]}.{at[:4]}", at[11:]
            numbers = (n.replace(".", ",") for n in (quantity, amount))
            writer.writerow((*ids, day, clock, sku, text, words[group], *numbers, words[check]))


def _lines(path: Path, receipts: Iterator[list[Row]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for row in (row for receipt in receipts for row in receipt):
            stream.write(json.dumps(dict(zip(_COLUMNS, row, strict=True))) + "\n")


def _nested(path: Path, receipts: Iterator[list[Row]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for receipt in receipts:
            number, store, till, cashier, at = receipt[0][:5]
            items = [dict(zip(_COLUMNS[5:], row[5:], strict=True)) for row in receipt]
            head = {"number": number, "till": {"store": store, "number": till}, "cashier": cashier}
            stream.write(json.dumps(head | {"at": at, "items": items}) + "\n")


def _parquet(path: Path, receipts: Iterator[list[Row]]) -> None:
    rows = list(zip(*(row for receipt in receipts for row in receipt), strict=True))
    pq.write_table(
        pa.table({name: list(column) for name, column in zip(_COLUMNS, rows, strict=True)}), path
    )


def _poslog(path: Path, receipts: Iterator[list[Row]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write('<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/">\n')
        for receipt in receipts:
            number, store, till, cashier, at = receipt[0][:5]
            stream.write(
                f"<Transaction><BusinessUnit><UnitID>{store}</UnitID></BusinessUnit>"
                f"<WorkstationID>{till}</WorkstationID><SequenceNumber>{number}</SequenceNumber>"
                f"<BeginDateTime>{at}</BeginDateTime><OperatorID>{cashier}</OperatorID>"
                "<RetailTransaction>"
            )
            for place, (sku, text, group, quantity, amount, _) in enumerate(r[5:] for r in receipt):
                stream.write(
                    f"<LineItem><SequenceNumber>{place}</SequenceNumber><Sale><ItemID>{sku}</ItemID>"
                    f"<MerchandiseHierarchy>{group}</MerchandiseHierarchy>"
                    f"<Description>{text}</Description><ExtendedAmount>{amount}</ExtendedAmount>"
                    f"<Quantity>{quantity}</Quantity></Sale></LineItem>"
                )
            stream.write("</RetailTransaction></Transaction>\n")
        stream.write("</POSLog>\n")


def _sqlite(path: Path, receipts: Iterator[list[Row]]) -> None:
    base = sqlite3.connect(path)
    base.execute(f"CREATE TABLE lines ({', '.join(f'{name} TEXT' for name in _COLUMNS)})")
    places = ", ".join("?" * len(_COLUMNS))
    rows = (row for receipt in receipts for row in receipt)
    base.executemany(f"INSERT INTO lines VALUES ({places})", rows)  # noqa: S608  # our own names
    base.commit()
    base.close()


Writer = Callable[[Path, Iterator[list[Row]]], None]
#: By contestant: the file's suffix, who writes it, the mapping's keys and its columns.
CONTESTANTS: dict[str, tuple[str, Writer, str, dict[str, str]]] = {
    "pandas.read_csv": ("csv", _plain, "", {}),
    "CSV, our columns": ("csv", _plain, "", {}),
    "CSV, mapped (German)": (
        "de.csv",
        _german,
        'delimiter = ";"\nencoding = "cp1252"\ndecimal = ","',
        _GERMAN,
    ),
    "JSON Lines, a line an item": ("jsonl", _lines, "", {}),
    "JSON Lines, a line a receipt": ("nested.jsonl", _nested, 'records = "items"', _NESTED),
    "Parquet": ("parquet", _parquet, "", {}),
    "POSLog": ("xml", _poslog, "", {}),
    "SQLite": ("db", _sqlite, 'format = "sqlite"\ntable = "lines"', {}),
}


@click.command(help=__doc__)
@click.option("--lines", default=1_000_000)
@click.option("--repeats", default=3)
@click.option(
    "--read", "reader", hidden=True, help="Read as this contestant, and print how it went."
)
@click.option("--folder", type=click.Path(path_type=Path), hidden=True)
def main(lines: int, repeats: int, reader: str | None, folder: Path | None) -> None:
    """Measure all, or (in a process of its own) read as one contestant."""
    if reader is not None and folder is not None:
        print(json.dumps(_read(reader, folder)))
        return
    found: dict[str, list[list[float]]] = {name: [] for name in CONTESTANTS}
    with tempfile.TemporaryDirectory() as scratch:
        for suffix, write, *_ in CONTESTANTS.values():
            path = Path(scratch, suffix, f"{DAY}.{suffix}")
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                write(path, _receipts(lines))
        for _ in range(repeats):
            for name, (suffix, *_) in CONTESTANTS.items():
                command = [sys.executable, "-m", "benchmarks.formats", "--read", name]
                command += ["--folder", str(Path(scratch, suffix))]
                done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
                rows, *took = json.loads(done.stdout)
                if rows != lines:
                    raise click.ClickException(f"{name} read {rows} of {lines} lines")
                found[name].append(took)
    plain = statistics.median(seconds for seconds, _ in found["CSV, our columns"])
    cells = []
    for name, runs in found.items():
        seconds, memory = zip(*runs, strict=True)
        middle = statistics.median(seconds)
        spread = f"{middle:.1f} ({min(seconds):.1f} to {max(seconds):.1f})"
        cells.append([name, spread, f"{middle / plain:.2f}", f"{max(memory):.0f}"])
    print(table([f"{lines:,} lines", "CPU seconds", "times our CSV", "peak, MiB"], cells))


def _read(name: str, folder: Path) -> list[float]:
    """Rows read, CPU seconds and peak memory in MiB."""
    start = time.process_time()
    if name == "pandas.read_csv":
        import pandas as pd  # noqa: PLC0415  # the peer's own

        rows = len(pd.read_csv(next(folder.iterdir()), dtype=str, keep_default_na=False))
    else:
        rows = sum(part.table.num_rows for part in _parts(name, folder))
    seconds = time.process_time() - start
    return [rows, seconds, peak_mb()]


def _parts(name: str, folder: Path) -> Iterator[Reading]:
    policy = Policy(
        {"policy": [{"effective_from": date(2020, 1, 1), "time_zone": "Europe/Berlin"}]}
    )
    suffix, _, keys, columns = CONTESTANTS[name]
    mapping = None
    if name == "POSLog":
        from auditor.mapping import load_mapping  # noqa: PLC0415

        mapping = load_mapping("poslog-6")
    elif keys:
        own = "\n".join(f"{column} = {source}" for column, source in columns.items())
        text = (
            "[[mapping]]\neffective_from = 2026-01-01\n[[mapping.sales]]\n"
            f'files = "*.{suffix}"\n{keys}\n[mapping.sales.columns]\n{own}\n'
        )
        mapping = Mapping.from_toml(text.encode(), origin="mapping.toml")
    of_day = mapping.on(DAY) if mapping else None
    return read_sales(Place(str(folder)), DAY, policy, mapping=of_day)


if __name__ == "__main__":
    main()
