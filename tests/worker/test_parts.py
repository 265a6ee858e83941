"""A batch is cut evenly, and never so that one image stands alone where BatchNorm needs two."""

import pytest

from worker.parts import halved, parts_of


def sizes(count: int, at_once: int | None, *, least: int = 2) -> list[int]:
    return [part.stop - part.start for part in parts_of(count, at_once, least=least)]


@pytest.mark.parametrize(
    ("count", "at_once", "expected"),
    [
        (64, None, [64]),
        (64, 64, [64]),
        (64, 100, [64]),
        (65, 64, [32, 33]),
        (10, 4, [3, 3, 4]),
        (5, 2, [2, 3]),
        (3, 2, [3]),
        (2, 1, [2]),
        (1, None, [1]),
    ],
)
def test_parts_are_few_and_even(count: int, at_once: int | None, expected: list[int]) -> None:
    assert sizes(count, at_once) == expected


def test_the_last_layer_alone_takes_single_images() -> None:
    assert sizes(3, 1, least=1) == [1, 1, 1]


def test_parts_follow_one_another_and_leave_nothing_out() -> None:
    for count in range(1, 40):
        for at_once in (None, *range(1, 42)):
            parts = parts_of(count, at_once, least=2)
            assert [place for part in parts for place in range(part.start, part.stop)] == list(range(count))
            assert min(sizes(count, at_once)) >= min(2, count)
            assert at_once is None or max(sizes(count, at_once)) <= max(at_once, 3)


def halvings(count: int, *, least: int = 2) -> list[list[int]]:
    at_once: int | None = None
    cut = [sizes(count, None, least=least)]
    while (at_once := halved(count, at_once, least=least)) is not None:
        cut.append(sizes(count, at_once, least=least))
    return cut


def test_halving_ends_at_the_smallest_parts() -> None:
    assert halvings(9) == [[9], [4, 5], [3, 3, 3], [2, 2, 2, 3]]
    assert halvings(8) == [[8], [4, 4], [2, 2, 2, 2]]
    assert halvings(3) == [[3]]
    assert halvings(3, least=1) == [[3], [1, 2], [1, 1, 1]]
    assert halvings(1, least=1) == [[1]]
