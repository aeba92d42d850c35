"""Records what Python's floats give: the truth that domain/ranking is tested against. python3 record.py writes the files beside it.

contest-2023.jsonl: [results, [[open, closed, full, {scenario: mean win rate}] per model]], the rule of the contest written down with
statistics.mean and statistics.geometric_mean. sums.jsonl: [values, math.fsum, statistics.mean]. elementary.jsonl: [x, correctly rounded
log of x, y, correctly rounded exp of y], computed with 60 decimal digits.
"""

import json
import math
import pathlib
import random
import statistics
from decimal import Decimal, getcontext

HERE = pathlib.Path(__file__).parent
LOWER = ("Stereotypes", "Representation")


def contest_scores(results):
    models = results["models"]
    win = {column["id"]: win_rates(column, [model["values"].get(column["id"]) for model in models]) for column in results["columns"]}
    scenarios = {}
    for column in results["columns"]:
        scenarios.setdefault((column["stage"], column["scenario"]), []).append(column["id"])
    scores = []
    for index in range(len(models)):
        means = {key: statistics.mean([win[column][index] for column in columns]) for key, columns in scenarios.items()}
        stage = {name: [mean or 5e-324 for (of, _), mean in means.items() if of == name] for name in ("open", "closed")}
        opened, closed = [statistics.geometric_mean(stage[name]) if stage[name] else None for name in ("open", "closed")]
        full = opened if closed is None else closed if opened is None else (1 / 3) * opened + (2 / 3) * closed
        scores.append([opened, closed, full, {scenario: mean for (_, scenario), mean in means.items()}])
    return scores


def win_rates(column, values):
    sign = -1 if column["id"].startswith(LOWER) or column["better"] == "lower" else 1
    ordered = [-math.inf if value is None else sign * value for value in values]
    rates = []
    for value in ordered:
        worse = sum(other < value for other in ordered)
        ties = ordered.count(value)
        rates.append((worse + (1 / ties if ties > 1 else 0)) / len(ordered))
    return rates


def random_results(source):
    models = [f"m{index}" for index in range(source.choice([2, 3, 5, 8, 17]))]
    columns = []
    for stage, count in (("open", source.randint(0, 5)), ("closed", source.randint(0 if columns else 1, 3))):
        for scenario in range(count):
            for metric in range(source.choice([1, 1, 2, 4])):
                name = source.choice(["EM", "EM (Robustness)", "ECE", "Stereotypes (race)", "Representation (gender)"])
                better = "lower" if name == "ECE" else "lower" if name.startswith(LOWER) else "higher"
                columns.append({"id": f"{name} {stage}{scenario}.{metric}", "scenario": f"{stage}{scenario}", "stage": stage, "better": better})
    coarse = source.random() < 0.4
    values = lambda: None if source.random() < 0.08 else source.randint(0, 4) / 4 if coarse else source.random()
    rows = [{"id": model, "values": {column["id"]: values() for column in columns}} for model in models]
    return {"schema": "reprise.results/v1", "columns": columns, "models": rows}


def random_sum(source):
    kinds = [
        lambda: source.random(),
        lambda: source.uniform(-1, 1) * 10 ** source.randint(-300, 300),
        lambda: source.choice([1.0, -1.0, 2.0**53, 1e16, -1e16, 2.0**-53, 0.1, 1e100, -1e100, 5e-324, -5e-324, 0.0]),
        lambda: source.randint(0, 40) / 40,
        lambda: source.randint(-10, 10) * 2.0 ** source.randint(-60, 60),
    ]
    values = [source.choice(kinds)() for _ in range(source.choice([1, 2, 3, 5, 9, 20]))]
    if source.random() < 0.3:
        values += [-value for value in values[: len(values) // 2]]
    return [values, math.fsum(values), statistics.mean(values)]


def random_elementary(source):
    x = source.choice([source.random(), source.randint(1, 60) / 60, source.random() * 1e-300, 5e-324, math.ldexp(source.random(), source.randint(-1000, 1000))]) or 0.5
    y = source.choice([-source.random() * 3, -source.random() * 700, source.random() * 700])
    return [x, float(Decimal(x).ln()), y, float(Decimal(y).exp())]


def write(name, lines):
    (HERE / name).write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    getcontext().prec = 60
    source = random.Random(2023)
    tables = [random_results(source) for _ in range(25)]
    write("contest-2023.jsonl", [[table, contest_scores(table)] for table in tables])
    write("sums.jsonl", [random_sum(source) for _ in range(200)])
    write("elementary.jsonl", [random_elementary(source) for _ in range(300)])
