"""Results as Markdown: means and deviations, and differences within pairs."""
import statistics
from collections import defaultdict

from settings import CRITERIA, REPAIRS, UNPRUNED

REFERENCE = "centrality"


def spread(numbers):
    """'mean ± sd', or the mean alone of a single number."""
    mean = statistics.fmean(numbers)
    return f"{mean:.1f} ± {statistics.stdev(numbers):.1f}" if len(numbers) > 1 else f"{mean:.1f}"


def by_seed(records):
    """Accuracies in per cent: for each seed the mean over the models."""
    found = defaultdict(list)
    for record in records:
        found[record["seed"]].append(100 * record["accuracy"])
    return [statistics.fmean(found[seed]) for seed in sorted(found)]


def ordered(names, known):
    return [name for name in known if name in names]


class Results:
    """Records of finished runs, found by what they have in common."""

    def __init__(self, records):
        self.records = [record for record in records if "accuracy" in record]

    def select(self, **wanted):
        return [r for r in self.records if all(r[key] == value for key, value in wanted.items())]

    def conditions(self):
        """What tables stand apart for: layers trained, calibration, and who trains the head."""
        return sorted({(r["layers"], r["calibration"], r["head"])
                       for r in self.records if r["criterion"] != UNPRUNED})

    def under(self, condition):
        """The results under one condition, with the unpruned networks trained the same way."""
        layers, calibration, head = condition
        return Results(
            r for r in self.select(layers=layers, head=head)
            if r["criterion"] == UNPRUNED or r["calibration"] == calibration)

    def values(self, key):
        return {record[key] for record in self.records}

    def criteria(self):
        return ordered(self.values("criterion"), CRITERIA)

    def repairs(self):
        pruned = {r["repair"] for r in self.records if r["criterion"] != UNPRUNED}
        return ordered(pruned, REPAIRS)

    def ratios(self):
        return sorted(self.values("ratio") - {0})


def unequal_costs(results):
    """Settings of one model and ratio that don't all have the same multiply-accumulates."""
    costs = defaultdict(set)
    for record in results.records:
        costs[record["model"], record["ratio"]].add(record["macs"])
    return {key: sorted(found) for key, found in costs.items() if len(found) > 1}


def remaining(results, ratio):
    """The mean share of the multiply-accumulates that pruning by a ratio leaves."""
    return statistics.fmean(r["macs"] / r["sourceMACs"] for r in results.select(ratio=ratio))


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def accuracies(results, ratio):
    """One row a criterion, one column a repair."""
    repairs = results.repairs()
    rows = []
    for criterion in results.criteria():
        cells = [results.select(criterion=criterion, ratio=ratio, repair=repair)
                 for repair in repairs]
        rows.append([criterion] + [spread(by_seed(cell)) if cell else "" for cell in cells])
    return table(["criterion", *repairs], rows)


def differences(results, ratio):
    """How far each criterion is from the reference in the same run otherwise, with standard errors."""
    repairs = results.repairs()
    rows = []
    for criterion in results.criteria():
        if criterion == REFERENCE:
            continue
        row = [f"{criterion} - {REFERENCE}"]
        for repair in repairs:
            pair = dict(ratio=ratio, repair=repair)
            base = {(r["model"], r["seed"]): r["accuracy"]
                    for r in results.select(criterion=REFERENCE, **pair)}
            found = [100 * (r["accuracy"] - base[r["model"], r["seed"]])
                     for r in results.select(criterion=criterion, **pair)
                     if (r["model"], r["seed"]) in base]
            error = statistics.stdev(found) / len(found) ** 0.5 if len(found) > 1 else 0
            row.append(f"{statistics.fmean(found):+.1f} ± {error:.1f}" if found else "")
        rows.append(row)
    return table(["criterion", *repairs], rows)


def section(results, condition):
    """The tables under one condition."""
    layers, calibration, head = condition
    title = f"## Trained: {layers}; calibrated on: {calibration}"
    parts = [title + ("; judged from outside" if head == "outside" else "")]
    if whole := results.select(criterion=UNPRUNED):
        parts.append(f"Unpruned: {spread(by_seed(whole))}")
    for ratio in results.ratios():
        parts.append(f"### {ratio:g} of the channels removed "
                     f"({100 * remaining(results, ratio):.0f} % of the MACs remain)")
        parts.append(accuracies(results, ratio))
        if REFERENCE in results.criteria() and len(results.criteria()) > 1:
            parts.append(differences(results, ratio))
    return parts


def markdown(results):
    """All tables of a study."""
    parts = [f"Accuracy in per cent on test images, mean ± standard deviation over "
             f"{len(results.values('seed'))} seeds of the mean over {len(results.values('model'))} "
             "models; then differences within pairs of runs, mean ± standard error."]
    for condition in results.conditions():
        parts += section(results.under(condition), condition)
    return "\n\n".join(parts) + "\n"
