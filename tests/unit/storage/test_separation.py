"""Results lie beside inputs, never among them."""

from pathlib import Path

import pytest

from auditor.errors import ConfigurationError
from auditor.storage.place import Place, results_in
from auditor.storage.separation import check_apart


def check(out: str, sales: str) -> None:
    check_apart(Place(out), {"sales": Place(sales)})


@pytest.mark.parametrize(
    ("out", "sales"),
    [
        ("chain/sales", "chain/sales"),
        ("chain/sales/a/b", "chain/sales/"),
        ("chain/link/out", "chain/sales"),  # a link to it
        ("chain/sales/out", "chain/link"),
        ("chain/reports", "chain/reports"),
        ("chain", "chain/ledger"),  # results have this folder for themselves
        ("chain", "chain/unfinished/sales"),
        ("chain/sales", "chain/sales/one.csv"),  # the folder of a single file
    ],
)
def test_what_would_mix_is_refused(tmp_path: Path, out: str, sales: str) -> None:
    (tmp_path / "chain/sales").mkdir(parents=True)
    (tmp_path / "chain/link").symlink_to("sales")
    (tmp_path / "chain/sales/one.csv").touch()
    for scheme in ("", "file://"):
        with pytest.raises(ConfigurationError, match="--sales"):
            check(f"{scheme}{tmp_path}/{out}", f"{tmp_path}/{sales}")


@pytest.mark.parametrize(
    ("out", "sales"),
    [
        ("chain/out", "chain/sales"),
        ("chain", "chain/sales"),  # as a demo has it
        ("chain/sales2", "chain/sales"),
        ("chain", "chain/sales/one.csv"),  # a single file is read, whatever lies beside it
    ],
)
def test_what_lies_beside_is_not(tmp_path: Path, out: str, sales: str) -> None:
    (tmp_path / "chain/sales").mkdir(parents=True)
    (tmp_path / "chain/sales/one.csv").touch()
    check(f"{tmp_path}/{out}", f"{tmp_path}/{sales}")


def test_object_storage_is_compared_by_its_paths(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="would go to"):
        check("memory://bucket/sales/out", "memory://bucket/sales")
    check("memory://bucket/out", "memory://bucket/sales")
    check("memory://bucket/sales/out", str(tmp_path))


def test_a_place_without_a_day_has_no_results(tmp_path: Path) -> None:
    for folder in ("reports/archive", "other/day=2026-03-27"):
        (tmp_path / folder).mkdir(parents=True)
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigurationError, match="there are no results"):
            results_in(str(place))
    (tmp_path / "coverage/day=2026-03-27").mkdir(parents=True)
    assert str(results_in(str(tmp_path))) == f"{tmp_path}/"


@pytest.mark.parametrize("url", ["", " ", "\t"])
def test_an_empty_address_is_no_place(url: str) -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        Place(url)
