"""A plot of the scores over one or two parameters: a plateau is worth more than a peak."""

from collections.abc import Sequence
from pathlib import Path

from agent.market.observation import Floats
from agent.research.search.space import Dimension


def plot_surface(space: Sequence[Dimension], points: Floats, scores: Floats, path: Path) -> Path:
    """Scores over the first two dimensions (or the only one), every point shown; others are seen from above."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
    if len(space) == 1:
        axes.plot(points[:, 0], scores, "o", markersize=3)
        axes.set_ylabel("Sharpe ratio on the training part")
    else:
        order = scores.argsort()  # the best on top
        shown = axes.scatter(points[order, 0], points[order, 1], c=scores[order], cmap="viridis", s=40)
        figure.colorbar(shown, label="Sharpe ratio on the training part")
        axes.set_ylabel(space[1].key)
        if space[1].log:
            axes.set_yscale("log")
    axes.set_xlabel(space[0].key)
    if space[0].log:
        axes.set_xscale("log")
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path
