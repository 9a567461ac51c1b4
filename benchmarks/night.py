"""How many machines a chain needs, and what breaks first: docs/capacity.md, written anew.

    python -m benchmarks.night                              print all tables
    python -m benchmarks.night --write docs/capacity.md     and put them, and the plot, in the page
    python -m benchmarks.night --stores 3000 --price-per-core-hour 0.031 --assume storage_ms=2

Measured figures are read from this folder's JSON files, what is assumed from night.toml. Nights are
simulated (cluster.py) from a seed: the same files give the same page.
"""

import argparse
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import charts
from benchmarks.limits import limits, reached_at
from benchmarks.money import money
from benchmarks.pages import filled, table
from benchmarks.plans import Choice, Plan, choose, fewest, simulated, since_midnight, window
from benchmarks.sizing import SERIAL, Assumed, Day, Measured

PLOT = "capacity.svg"


def parts(measured: Measured, assumed: Assumed) -> tuple[dict[str, str], list[charts.Fleets]]:
    """The tables of the page by their places, and what the plot shows."""
    days = [Day(measured, assumed, stores) for stores in assumed.file["chain"]["stores"]]
    choices = [choose(day) for day in days]
    middle = choices[len(choices) // 2]
    fleets = [_fleets(choice, day) for choice, day in zip(choices, days, strict=True)]
    return {
        "answer": _answer(choices, days),
        "settings": _settings(choices, days),
        "measured": _measured(measured, days[0]),
        "steps": _steps(days),
        "fleets": _fleet_table(fleets, assumed),
        "batches": _batches(middle),
        "troubles": _trouble_table(middle),
        "late": _late(middle),
        "limits": _limits(days[0]),
        "shared": _shared(choices, days),
        "money": _money(choices, days),
        "assumed": _sensitivity(middle),
    }, fleets


def _answer(choices: Sequence[Choice], days: Sequence[Day]) -> str:
    rows = []
    for choice, day in zip(choices, days, strict=True):
        plan, cost = choice.plan, money(choice, day.stores)
        rows.append(
            [
                f"{day.stores:,}",
                f"{day.sales / 1e6:g} million",
                str(choice.parts),
                f"{plan.slots}",
                f"{choice.parts * plan.slots * day.measured.cores}",
                f"{plan.batch:,}",
                _clock(day, choice.nights.quantile(0.5)),
                _clock(day, choice.nights.quantile(0.99)),
                f"{choice.share:.1%}",
                f"{cost.core_hours:,.0f}",
                f"{cost.month:,.0f}",
            ]
        )
    night_, prices = days[0].assumed.file["night"], days[0].assumed.file["prices"]
    head = [
        "stores",
        "alcohol sales a day",
        "installations",
        "slots in each",
        "cores for scoring, all",
        "`batch_size`",
        "done, half of the nights",
        "done, 99 of 100 nights",
        f"done by {night_['deadline']}, all",
        "core-hours a night",
        f"{prices['currency']} a month",
    ]
    number = night_["nights"]
    said = (
        f"Each share is of {number} simulated nights of one installation: where all {number} were"
    )
    said += (
        f" done in time, the probability is at least {0.05 ** (1 / number):.1%} (95 % confidence)."
    )
    said += " Several installations are done when all are: the share, to the power of their number."
    return table(head, rows) + f"\n\n{said}"


def _settings(choices: Sequence[Choice], days: Sequence[Day]) -> str:
    rows = []
    for choice, day in zip(choices, days, strict=True):
        plan = choice.plan
        slots = plan.slots
        rows.append(
            [
                f"{day.stores:,}",
                f"{slots}",
                f"{plan.batch:,}",
                f"{math.ceil(plan.day.sales / plan.batch):,}",
                f"{_minutes(plan.day.task_s + plan.batch * plan.day.sale_s)}",
                f"{slots + 4}",
                f"{day.measured.scoring_gb:.1f}",
                f"{plan.day.memory_gb:.1f}",
            ]
        )
    head = [
        "stores",
        "pool `auditor_scoring`",
        "`batch_size`",
        "batches",
        "min a batch",
        "`max_active_tasks_per_dag`, `parallelism` at least",
        "GB a slot",
        "GB for plan, finalise, report",
    ]
    return table(head, rows)


def _measured(measured: Measured, day: Day) -> str:
    at = measured.dates
    on = f"{measured.processor}, {measured.cores} cores"
    results, growth = f"`results.json`, {at['results']}", f"`growth.json`, {at['growth']}"
    scoring = f"`scoring.json`, {at['scoring']}"
    store = f"`object_store.json`, {at['object_store']}"
    rows = [
        [f"a sale, frames of {size}", f"{1e3 * took:.1f} ms of a slot", results]
        for size, took in measured.score_s.items()
    ]
    rows += [
        ["from the start of a process to its first estimate", f"{measured.first_s:.1f} s", results],
        *(
            [f"{step}, a sale, on a local disk", f"{1e3 * measured.step_s[step]:.3f} ms", growth]
            for step in SERIAL
        ),
        [
            "memory of plan, finalise and report",
            f"{measured.memory_gb:.2f} GB and {1e6 * measured.memory_gb_a_sale:.2f} kB a sale",
            growth,
        ],
        ["memory of a process that scores", f"{measured.scoring_gb:.2f} GB", scoring],
        *(
            [f"{step}: requests to an object store", f"{requests:.1f} a store", store]
            for step, requests in measured.store_requests.items()
        ),
        ["scoring: reads a sale", f"{measured.reads_a_sale:.2f}", store],
        ["a frame of 640 x 480", f"{measured.frame_bytes / 1e3:.1f} kB", store],
        ["kept of a sale (tables, report, crops)", f"{measured.kept_bytes / 1e3:.2f} kB", store],
        ["flagged", f"{measured.flagged:.1%} of the demo's sales", store],
    ]
    said = f"A slot is {measured.cores} cores ({on}). A sale takes a slot {1e3 * day.sale_s:.1f} ms"
    said += f" once storage answers in {day.assumed.storage_ms:g} ms."
    return table(["what", "measured", "in"], rows) + f"\n\n{said}"


def _steps(days: Sequence[Day]) -> str:
    rows = []
    near_ms = days[0].assumed.file["assumed"]["storage_ms"]["low"]
    for day in days:
        near = replace(day, assumed=day.assumed.but(storage_ms=near_ms))
        rows.append(
            [
                f"{day.stores:,}",
                *(_minutes(day.step_s(step)) for step in SERIAL),
                _minutes(day.serial_s),
                _minutes(near.serial_s),
                f"{day.sales * day.sale_s / 3600:,.1f}",
                f"{day.memory_gb:.1f}",
            ]
        )
    head = [
        "stores",
        *(f"{step}, min" for step in SERIAL),
        "all that no slot shortens, min",
        f"the same, storage at {near_ms:g} ms",
        "scoring, slot-hours",
        "memory of one such task, GB",
    ]
    return table(head, rows)


def _fleets(choice: Choice, day: Day) -> charts.Fleets:
    wanted = {max(1, round(choice.plan.slots * times)) for times in (0.5, 0.75, 1, 1.5, 2)}
    if choice.plan.slots < 4:
        wanted = {1, 2, 3, 4}
    spans = {slots: simulated(replace(choice.plan, slots=slots)).done for slots in sorted(wanted)}
    name = f"{day.stores:,} stores"
    if choice.parts > 1:
        name += f", one of {choice.parts} installations"
    start = since_midnight(day.assumed.file["night"]["start"])
    return charts.Fleets(
        name,
        {slots: [(start + each) / 3600 for each in done] for slots, done in spans.items()},
        since_midnight(day.assumed.file["night"]["deadline"]) / 3600,
        choice.plan.slots,
    )


def _fleet_table(fleets: Iterable[charts.Fleets], assumed: Assumed) -> str:
    rows = []
    for own in fleets:
        for slots, hours in own.hours.items():
            rows.append(
                [
                    own.name,
                    f"**{slots}**" if slots == own.advised else f"{slots}",
                    *(_hour(hours[math.ceil(q * len(hours)) - 1]) for q in (0.05, 0.5, 0.95, 0.99)),
                    _share(hours, own.deadline),
                ]
            )
    deadline = assumed.file["night"]["deadline"]
    head = ["", "slots", "5 %", "half", "95 %", "99 %", f"done by {deadline}"]
    return table(head, rows)


def _batches(choice: Choice) -> str:
    rows = []
    plan = choice.plan
    for size in plan.day.assumed.file["night"]["batch_sizes"]:
        number = math.ceil(plan.day.sales / size)
        of_task = plan.day.sales_a_task(size)
        nights = simulated(replace(plan, batch=of_task))
        scoring_s = of_task * plan.day.sale_s
        beside = plan.day.task_s / (plan.day.task_s + scoring_s)
        tasks = math.ceil(plan.day.sales / of_task)
        dealt_out = f" in {tasks:,} tasks" if tasks < number else ""
        rows.append(
            [
                f"**{size:,}**" if size == plan.batch else f"{size:,}",
                f"{number:,}{dealt_out}",
                f"{_minutes(plan.day.task_s + scoring_s)}",
                f"{beside:.0%}",
                *(_clock(plan.day, nights.quantile(q)) for q in (0.5, 0.99)),
                f"{nights.share_by(window(plan.day.assumed)):.1%}",
            ]
        )
    deadline = plan.day.assumed.file["night"]["deadline"]
    head = ["`batch_size`", "batches", "min a task", "of it start", "half", "99 %"]
    said = f"{plan.day.stores:,.0f} stores, {plan.slots} slots:\n\n"
    return said + table([*head, f"done by {deadline}"], rows)


def _trouble_table(choice: Choice) -> str:
    plan, assumed = choice.plan, choice.plan.day.assumed
    scoring = plan.day.sales * plan.day.sale_s / plan.slots

    def but(**values: float) -> Plan:
        return replace(plan, day=replace(plan.day, assumed=assumed.but(**values)))

    quiet = but(failure=0, node_life_h=math.inf, slow_share=0, spread=0)
    ranges = assumed.file["assumed"]
    later = f"{assumed.mended_min:g} min later"
    cases = {
        "as assumed": plan,
        "nothing goes wrong": quiet,
        "one machine dies half-way through scoring and is replaced": replace(
            plan, deaths=(scoring / 2,)
        ),
        "one machine dies half-way and is not replaced": replace(
            plan, deaths=(scoring / 2,), replaced=False
        ),
        "one machine is missing from the start": replace(plan, slots=max(1, plan.slots - 1)),
        f"spot machines, which live {ranges['node_life_h']['low']} h": but(
            node_life_h=ranges["node_life_h"]["low"]
        ),
        f"{ranges['failure']['high']:.0%} of attempts fail": but(failure=ranges["failure"]["high"]),
        f"{ranges['slow_share']['high']:.0%} of machines are slow": but(
            slow_share=ranges["slow_share"]["high"]
        ),
        f"the first batch fails three times; cleared {later}": replace(plan, broken=0),
        f"the last batch fails three times; cleared {later}": replace(plan, broken=-1),
    }
    rows = []
    for name, case in cases.items():
        rows.append([name, *_told(case)])
    deadline = assumed.file["night"]["deadline"]
    said = f"{plan.day.stores:,.0f} stores, {plan.slots} slots, batches of {plan.batch:,}:\n\n"
    return said + table(["", "half", "99 %", f"done by {deadline}"], rows)


def _late(choice: Choice) -> str:
    words = {
        "wait": "the run waits for them: it starts 30 min later",
        "again": "the run starts on time, and the whole day is run again (what the DAG can do now)",
        "only": "the run starts on time, and only they are done after it (not built)",
    }
    rows = []
    for stores in choice.plan.day.assumed.file["chain"]["stores"]:
        if stores > choice.plan.day.stores:
            continue
        whole = replace(choice.plan.day, stores=stores)
        own = choice if whole == choice.plan.day else choose(whole)
        for late, said in words.items():
            rows.append([f"{stores:,}", said, *_told(replace(own.plan, late=late))])
    deadline = choice.plan.day.assumed.file["night"]["deadline"]
    return table(["stores", "", "half", "99 %", f"all done by {deadline}"], rows)


def _told(plan: Plan) -> list[str]:
    nights = simulated(plan)
    return [
        _clock(plan.day, nights.quantile(0.5)),
        _clock(plan.day, nights.quantile(0.99)),
        f"{nights.share_by(window(plan.day.assumed)):.1%}",
    ]


def _limits(day: Day) -> str:
    found = [(reached_at(limit, day), limit) for limit in limits(day.assumed)]
    rows = [
        [
            "none of a million" if math.isinf(at) else f"{_round(at):,}",
            limit.name,
            limit.bound,
            limit.remedy,
        ]
        for at, limit in sorted(found, key=lambda each: each[0])
    ]
    return table(["from so many stores", "what", "its limit", "what to do"], rows)


def _shared(choices: Sequence[Choice], days: Sequence[Day]) -> str:
    rows = []
    for choice, day in zip(choices, days, strict=True):
        part, slots = choice.plan.day, choice.plan.slots
        reads = slots * part.measured.reads_a_sale / part.sale_s
        upload = part.assumed.sales_a_store * part.measured.frame_bytes * 8
        upload /= part.assumed.file["limits"]["uplink_mbit_s"] * 1e6
        tasks = slots / (part.task_s + choice.plan.batch * part.sale_s)
        rows.append(
            [
                f"{day.stores:,}",
                f"{day.sales * day.measured.frame_bytes / 1e9:,.0f}",
                f"{_minutes(upload)}",
                f"{reads:,.0f}",
                f"{reads * part.measured.frame_bytes * 8 / 1e9:.2f}",
                f"{(day.reads + day.writes) / 1e6:,.2f} million",
                f"{tasks:.3f}",
                f"{slots / part.assumed.file['airflow']['min_heartbeat_interval_s']:.1f}",
                f"{math.ceil(part.sales / choice.plan.batch) + 8:,}",
            ]
        )
    uplink = days[0].assumed.file["limits"]["uplink_mbit_s"]
    head = [
        "stores",
        "GB of frames a day",
        f"min to send a store's at {uplink:g} Mbit/s",
        "reads a second while scoring, each installation",
        "Gbit/s, each",
        "requests a night, all",
        "tasks started a second, each",
        "heartbeats a second, each",
        "rows of task instances a night, each",
    ]
    return table(head, rows)


def _money(choices: Sequence[Choice], days: Sequence[Day]) -> str:
    rows = []
    for choice, day in zip(choices, days, strict=True):
        cost = money(choice, day.stores)
        rows.append(
            [
                f"{day.stores:,}",
                f"{cost.core_hours:,.0f}",
                f"{30 * cost.machines:,.0f}",
                f"{30 * cost.requests:,.0f}",
                f"{cost.storage:,.0f}",
                f"**{cost.month:,.0f}**",
                f"{cost.month / 30 / day.sales * 1e3:.3f}",
            ]
        )
    prices = days[0].assumed.file["prices"]
    unit = prices["currency"]
    head = ["stores", "core-hours a night", f"machines, {unit} a month", "requests", "storage"]
    said = (
        f"At {unit} {prices['core_hour']:g} a core-hour, {prices['gb_month']:g} a GB and month,"
        f" {prices['million_reads']:.2f} a million reads, {prices['million_writes']:.2f} a million"
        f" writes ({prices['date']}, assumed); frames kept {prices['frames_kept_days']} days,"
        f" results a year; scoring machines held from the start to the end of the run,"
        f" {prices['service_cores']} cores for Airflow's services all day, for each"
        " installation."
    )
    return table([*head, "all", f"{unit} a thousand sales"], rows) + f"\n\n{said}"


def _sensitivity(choice: Choice) -> str:
    plan, assumed = choice.plan, choice.plan.day.assumed
    rows = [["as assumed", "", *_told(plan), f"{plan.slots}"]]
    for name, own in assumed.file["assumed"].items():
        values = [value for value in (own["low"], own["high"]) if value != own["value"]]
        for value in values:
            day = replace(plan.day, assumed=assumed.but(**{name: value}))
            slots = fewest(day, plan.batch, assumed.file["night"]["wanted"], None)
            said = f"`{name}` {own['value']:g} {own['unit']} ({own['why']})"
            rows.append(
                [
                    said if value == values[0] else "",
                    f"{value:g}",
                    *_told(replace(plan, day=day)),
                    f"{slots}" if slots else "none are enough",
                ]
            )
    deadline = assumed.file["night"]["deadline"]
    head = ["assumed", "if it is", "half", "99 %", f"done by {deadline}", "slots needed"]
    said = f"{plan.day.stores:,.0f} stores, {plan.slots} slots, batches of {plan.batch:,}:\n\n"
    return said + table(head, rows)


def _clock(day: Day, seconds: float) -> str:
    return _hour((since_midnight(day.assumed.file["night"]["start"]) + seconds) / 3600)


def _hour(hours: float) -> str:
    if math.isinf(hours):
        return "never"
    days, minutes = divmod(round(60 * hours), 24 * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}" + (f" + {days} d" if days else "")


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}"


def _share(hours: Sequence[float], deadline: float) -> str:
    return f"{sum(each <= deadline for each in hours) / len(hours):.1%}"


def _round(value: float) -> int:
    """Two digits are more than the figures carry."""
    digits = -math.floor(math.log10(value)) + 1
    return int(round(value, digits))


def main() -> None:
    """Print or write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", type=Path, metavar="PAGE", help="docs/capacity.md")
    parser.add_argument("--stores", help="Sizes of chains, such as 100,3000.")
    parser.add_argument("--price-per-core-hour", type=float)
    parser.add_argument("--nights", type=int, help="Simulated for each figure.")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--assume", action="append", default=[], metavar="NAME=VALUE")
    given = parser.parse_args()
    assumed = _given(parser, given)
    measured = Measured.read()
    found, fleets = parts(measured, assumed)
    if given.write:
        page = given.write.read_text(encoding="utf-8")
        charts.draw_fleets(fleets, given.write.with_name(PLOT))
        given.write.write_text(filled(page, found), encoding="utf-8")
    for name, text in found.items():
        print(f"\n## {name}\n\n{text}")


def _given(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Assumed:
    assumed = Assumed.read()
    file = assumed.file
    others = given.stores, given.price_per_core_hour, given.nights, given.seed, given.assume
    if given.write and any(others):
        parser.error("a page that is kept is written from night.toml alone: change it there")
    if given.stores:
        file["chain"]["stores"] = [int(each) for each in given.stores.split(",")]
    if given.price_per_core_hour is not None:
        file["prices"]["core_hour"] = given.price_per_core_hour
    if given.nights:
        file["night"]["nights"] = given.nights
    if given.seed is not None:
        file["night"]["seed"] = given.seed
    for each in given.assume:
        name, _, value = each.partition("=")
        try:
            assumed = assumed.but(**{name: float(value)})
        except (KeyError, ValueError) as error:
            parser.error(f"--assume {each}: {error.args[0]}")
    return assumed


if __name__ == "__main__":
    main()
