"""The figures as a picture: mean regret against cost, a panel for each number of workers.

matplotlib draws it: a file without a browser, and nothing else is wanted of it.
"""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.optimizer.regret import Regrets


def draw(panels: Mapping[int, Regrets], path: Path) -> None:
    """Write the picture as SVG; the same figures give the same file."""
    mpl.rcParams["svg.hashsalt"] = "podium"
    figure = Figure(figsize=(5.5 * len(panels), 4), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, (workers, regrets) in zip(axes, panels.items(), strict=True):
        for searcher in regrets.searchers:
            estimates = [regrets.estimate(searcher, paid) for paid in regrets.costs]
            (line,) = axis.plot(regrets.costs, [each.mean for each in estimates], label=searcher)
            low, high = [each.low for each in estimates], [each.high for each in estimates]
            axis.fill_between(regrets.costs, low, high, alpha=0.15, color=line.get_color(), linewidth=0)
        axis.set(title=f"{workers} worker{'s' * (workers > 1)}", xlabel="full trainings paid", yscale="log")
    axes[0].set_ylabel("mean normalized regret, 95% interval")
    axes[0].legend()
    figure.savefig(path, metadata={"Date": None})
