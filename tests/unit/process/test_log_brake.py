"""The brake of the log."""

from matching_exchange.process.log_brake import LogBrake


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_one_line_a_second_passes_and_the_next_tells_of_the_others() -> None:
    clock = Clock()
    brake = LogBrake(clock)
    told = []
    for _ in range(25):
        told.append(brake.passes("kind"))
        clock.now += 0.125
    assert [line for line in told if line is not None] == [{}, {"left_out": 7}, {"left_out": 7}, {"left_out": 7}]


def test_lines_that_are_rare_enough_all_pass() -> None:
    clock = Clock()
    brake = LogBrake(clock)
    for _ in range(5):
        assert brake.passes("kind") == {}
        clock.now += 1


def test_each_kind_has_a_brake_of_its_own() -> None:
    clock = Clock()
    brake = LogBrake(clock)
    assert brake.passes("one") == brake.passes(("another", 1)) == {}
    assert brake.passes("one") is None
    clock.now += 1
    assert brake.passes(("another", 1)) == {}
    assert brake.passes("one") == {"left_out": 1}


def test_the_clock_is_one_that_never_goes_back() -> None:
    assert LogBrake().passes("kind") == {}
