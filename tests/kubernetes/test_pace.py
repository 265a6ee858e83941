"""How fast Jobs are created, by a clock that the test turns."""

from controller.kubernetes.pace import Pace


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def turns(pace: Pace, time: Time, count: int) -> list[float]:
    """Take turns one after the other; return when each came, in seconds from now."""
    began, moments = time.now, []
    for _ in range(count):
        pace.wait()
        moments.append(round(time.now - began, 6))
    return moments


def test_a_burst_of_a_seconds_worth_goes_out_at_once_and_the_rest_evenly() -> None:
    time = Time()
    pace = Pace(4, clock=time, sleep=time.sleep)
    assert turns(pace, time, 8) == [0, 0, 0, 0, 0, 0.25, 0.5, 0.75]


def test_after_a_quiet_time_there_is_no_more_than_one_burst() -> None:
    time = Time()
    pace = Pace(4, clock=time, sleep=time.sleep)
    turns(pace, time, 8)
    time.now += 3600
    assert turns(pace, time, 7) == [0, 0, 0, 0, 0, 0.25, 0.5]


def test_a_server_that_is_busy_is_left_alone_for_as_long_as_it_said() -> None:
    time = Time()
    pace = Pace(4, clock=time, sleep=time.sleep)
    pace.hold(3)
    assert turns(pace, time, 2) == [3, 3.25]
