"""Splits of time into training and test that leave out what would leak between them. Rows are numbered from 0."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from agent.reasons import Code, Reason, Refusal

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows to choose parameters on, and rows to judge them on. Raises Refusal when one row is in both."""

    train: Rows
    test: Rows

    def __post_init__(self) -> None:
        shared = len(np.intersect1d(self.train, self.test))
        _require(shared == 0, f"folds overlap: {shared} rows are trained on and judged")


def holdout(count: int, train_part: float = 0.6, purge: int = 0) -> Fold:
    """The first part for training, the rest for judging once.

    Parameters
    ----------
    purge : rows left out at the end of training, because what they look ahead to lies in the test

    Raises Refusal when either part would be empty.
    """
    _require(0 < train_part < 1, f"the training part must lie between 0 and 1, got {train_part}")
    edge = int(count * train_part)
    _require(purge >= 0 and edge - purge > 0 and edge < count, f"{count} rows are too few to split at {train_part:.0%}")
    return Fold(np.arange(edge - purge), np.arange(edge, count))


def walk_forward(
    count: int, train: int, test: int, *, anchored: bool = False, purge: int = 0, embargo: int = 0
) -> list[Fold]:
    """Train on a stretch, judge on the next, move on by the test's length.

    Parameters
    ----------
    train, test : rows of each; anchored training begins at row 0 and grows, else it rolls
    purge : rows between training and test
    embargo : rows after each test that later training leaves out, because they still feel the test's positions

    Returns
    -------
    Folds in their order; the rows left over at the end are not judged.

    Raises Refusal when not one fold fits.

    Source: Pardo (2008), The Evaluation and Optimization of Trading Strategies; López de Prado (2018), chapter 7.

    >>> [(fold.train.tolist(), fold.test.tolist()) for fold in walk_forward(6, 2, 1)][:2]
    [([0, 1], [2]), ([1, 2], [3])]
    >>> [(fold.train.tolist(), fold.test.tolist()) for fold in walk_forward(6, 2, 1, purge=1)][:1]
    [([0, 1], [3])]
    """
    _require(min(train, test) >= 1 and min(purge, embargo) >= 0, "train and test need a row, purge and embargo none")
    folds: list[Fold] = []
    start = train + purge
    while start + test <= count:
        first = 0 if anchored else start - purge - train
        rows = np.arange(first, start - purge)
        for earlier in folds:
            after = int(earlier.test[-1]) + 1
            rows = rows[(rows < after) | (rows >= after + embargo)]
        _require(len(rows) > 0, "the embargo leaves nothing to train on")
        folds.append(Fold(rows, np.arange(start, start + test)))
        start += test
    _require(bool(folds), f"{count} rows are too few for {train} of training, {purge} of purge and {test} of test")
    return folds


def combinatorial_purged(
    count: int, groups: int, test_groups: int, *, purge: int = 0, embargo: int = 0
) -> Iterator[Fold]:
    """Every choice of `test_groups` out of `groups` stretches as the test, the others as training.

    Around each stretch of test rows `purge` rows on both sides, and `embargo` more after it, are left out of training.
    There are C(n, k) folds, which make up k / n * C(n, k) whole paths through the data (`path_count`).

    Raises Refusal when the groups do not fit, or a fold has nothing to train on.

    Source: López de Prado (2018), Advances in Financial Machine Learning, chapter 12.
    """
    _require(1 <= test_groups < groups <= count, f"cannot take {test_groups} of {groups} groups of {count} rows")
    _require(min(purge, embargo) >= 0, "purge and embargo must not be negative")
    stretches = np.array_split(np.arange(count), groups)
    for chosen in combinations(range(groups), test_groups):
        kept = np.ones(count, dtype=np.bool_)
        for number in chosen:
            first, last = int(stretches[number][0]), int(stretches[number][-1])
            kept[max(0, first - purge) : last + 1 + purge + embargo] = False
        train = np.flatnonzero(kept)
        _require(len(train) > 0, "purge and embargo leave nothing to train on")
        yield Fold(train, np.concatenate([stretches[number] for number in chosen]))


def path_count(groups: int, test_groups: int) -> tuple[int, int]:
    """How many folds there are, and how many whole test paths they make.

    >>> path_count(6, 2), path_count(10, 2)
    ((15, 5), (45, 9))
    """
    folds = math.comb(groups, test_groups)
    return folds, folds * test_groups // groups


def degradation(in_sample: float, out_of_sample: float) -> float:
    """The part of a score that was lost outside the sample it was chosen on; NaN when there was none to lose.

    1 - out / in
    """
    return 1 - out_of_sample / in_sample if in_sample > 0 else math.nan


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where="validation"))
