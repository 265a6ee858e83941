"""When a search is over, and why. Decisions alone; `next_run` carries them out."""

from controller.experiment import History, Suggestion
from podium.spec import StopWhen


def is_worth_it(suggestion: Suggestion, stop_when: StopWhen | None) -> bool:
    """Say whether a run is expected to gain enough for its cost. Where nothing is said of the gain, it is."""
    return stop_when is None or suggestion.expected_gain is None or suggestion.expected_gain >= stop_when.expected_gain


def why_over(history: History, refused: Suggestion | None) -> str:
    """Return why nothing more is started. `refused` was not worth its cost."""
    if refused is not None:
        return (
            f"completed: one more full training is expected to gain {refused.expected_gain:.2g}, "
            "less than stop_when.expected_gain"
        )
    if history.remaining_cost >= 1 and history.remaining_runs >= 1:
        return "completed: every configuration has been tried"
    return "completed: what is left of the budget pays for no further run"
