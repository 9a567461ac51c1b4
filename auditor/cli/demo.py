"""``auditor demo``."""

from pathlib import Path

import click

from auditor.cli import options
from auditor.cli.output import progress_bar


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--seed", default=1, show_default=True, help="Another seed, another chain.")
@click.option(
    "--past",
    type=options.Address(),
    help="Also write a simulated past, where `run` is to write (its --out).",
)
@click.option(
    "--past-weeks",
    type=click.IntRange(0, 52),
    default=0,
    show_default=True,
    help="Also write the baskets of so many weeks, simulated, into FOLDER/past for `insights`.",
)
def demo(*, folder: Path, seed: int, past: str | None, past_weeks: int) -> None:
    """Write a demo chain into FOLDER: four stores, three days, and the troubles of real life.

    FOLDER gets sales/, snapshots/, policy.toml, confusion.json, and, as the truth behind them,
    truth.parquet, cashiers.parquet and cameras.parquet. Nobody in the pictures exists. --past also
    simulates the counts and figures of earlier days, with which a report of the first day compares.
    """
    from auditor.demo import write_demo
    from auditor.storage.place import results_at

    results = results_at(past) if past is not None else None
    with progress_bar("Drawing frames") as progress:
        write_demo(folder, seed=seed, progress=progress)
    if results is not None:
        from auditor.demo.simulated_days import write_days
        from auditor.policy import load_policy

        with progress_bar("Simulating days before") as progress:
            rules = load_policy(str(folder / "policy.toml"))
            write_days(results, rules, seed=seed, progress=progress)
    if past_weeks:
        from auditor.demo.simulated_baskets import write_baskets

        first, last = write_baskets(folder / "past", past_weeks, seed=seed)
        click.echo(
            f"Baskets of {past_weeks} weeks, simulated without pictures. Look at the last week:\n"
            f"  auditor insights --from {first} --to {last} --policy {folder}/policy.toml "
            f"--out {folder}/past"
        )
    click.echo(
        f"Demo chain in {folder}. Audit a day of it:\n"
        f"  auditor run --day 2026-03-27 --sales {folder}/sales --snapshots {folder}/snapshots "
        f"--policy {folder}/policy.toml --out {folder}/out"
    )
