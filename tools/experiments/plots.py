"""Results as pictures: accuracy against the share of channels removed."""
import statistics

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plot

from settings import UNPRUNED
from tables import REFERENCE, by_seed

OURS = "#c0392b"
OTHERS = [plot.cm.tab10(k) for k in range(10) if k != 3]  # without the red one


def panel(axes, results, repair):
    """One line a criterion, with the deviation over seeds as a bar."""
    for k, criterion in enumerate(results.criteria()):
        points = []
        for ratio in results.ratios():
            records = results.select(criterion=criterion, ratio=ratio, repair=repair)
            if records:
                found = by_seed(records)
                deviation = statistics.stdev(found) if len(found) > 1 else 0
                points.append((ratio, statistics.fmean(found), deviation))
        if points:
            ours = criterion == REFERENCE
            axes.errorbar(
                *zip(*[point[:2] for point in points]), yerr=[point[2] for point in points],
                label=criterion, marker="o", markersize=3, capsize=2,
                color=OURS if ours else OTHERS[k % len(OTHERS)], linewidth=2.2 if ours else 1.1)
    whole = results.select(criterion=UNPRUNED)
    if whole:
        axes.axhline(statistics.fmean(by_seed(whole)), color="black", linestyle=":", label=UNPRUNED)
    axes.set_title(f"repair: {repair}", fontsize=10)
    axes.set_xlabel("share of channels removed")
    axes.grid(alpha=0.3)


def draw(results, path):
    """One panel a repair, side by side."""
    repairs = results.repairs()
    figure, row = plot.subplots(
        1, len(repairs), figsize=(4.2 * len(repairs) + 1.6, 4.2), sharey=True, squeeze=False)
    for axes, repair in zip(row[0], repairs):
        panel(axes, results, repair)
    row[0][0].set_ylabel("accuracy, %")
    lines, labels = row[0][0].get_legend_handles_labels()
    figure.legend(lines, labels, loc="center right", fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0, 1 - 1.6 / figure.get_figwidth(), 1))
    figure.savefig(path, dpi=120)
    plot.close(figure)
