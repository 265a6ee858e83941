"""What all figures share: which part of an axis is shown, how text is broken, colours that are told apart."""

import numpy as np
import pytest

from controller.figures.canvas import lines_of
from controller.figures.palette import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, VERMILLION
from controller.figures.plain import plain
from controller.figures.window import spread_evenly, window_of


def test_a_diverged_value_does_not_press_the_others_into_a_line() -> None:
    values = [*np.linspace(0.1, 0.9, 40), 1e30]
    window = window_of(values)
    assert window is not None
    assert window[0] < 0.1
    assert 0.9 < window[1] < 1.0
    assert window_of(values[:-1]) is None  # plotly's own choice shows them all
    assert window_of([1.0, 1e30]) is None
    assert window_of([0.5] * 30 + [0.6]) is None
    assert window_of([float("nan")] * 30) is None


def test_some_of_many_are_spread_evenly_with_both_ends() -> None:
    places = spread_evenly(1000, 11)
    assert places.tolist() == [0, 99, 199, 299, 399, 499, 599, 699, 799, 899, 999]
    assert spread_evenly(3, 11).tolist() == [0, 1, 2]
    assert len(spread_evenly(1000, 0)) == 0


def test_an_entity_counts_as_the_character_that_it_stands_for() -> None:
    assert lines_of(f"{plain('<' * 10)} and {plain('>' * 10)}", 25) == [f"{plain('<' * 10)} and {plain('>' * 10)}"]
    assert lines_of("one two three", 7) == ["one two", "three"]
    assert lines_of("", 7) == []


def test_long_text_is_cut_before_it_is_escaped() -> None:
    assert plain("<" * 100, 3) == "&#60;&#60;\u2026"


@pytest.mark.parametrize("colour", [INK, BLUE, GREEN, VERMILLION, PURPLE, GREY, SKY, ORANGE])
def test_colours_stand_out_from_light_and_from_dark_paper(colour: str) -> None:
    least = 4.5 if colour == INK else 2.0  # text by WCAG; lines and marks are large, and told by their form as well
    assert min(contrast(colour, "#ffffff"), contrast(colour, "#000000")) >= least


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2)."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    channels = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
