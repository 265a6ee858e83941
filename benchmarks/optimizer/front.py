"""Two objectives, both minimized: the best known Pareto front, and how much a set of points dominates."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The best known front of a task, by its hypervolume."""

    metric: str
    """The objective beside the loss."""
    reference: tuple[float, float]
    """A loss and a metric, both of which a point must be below to count."""
    hypervolume: float

    def dominated(self, points: Iterable[tuple[float, float]]) -> float:
        """Return the hypervolume of points: the area below the reference where one of them is no worse in both."""
        area, ceiling = 0.0, self.reference[1]
        for first, second in sorted(points):
            if first < self.reference[0] and second < ceiling:
                area += (self.reference[0] - first) * (ceiling - second)
                ceiling = second
        return area
