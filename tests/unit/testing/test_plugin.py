"""The options of the pytest plugin."""

from importlib.metadata import distributions

import pytest

from tests.unit.testing.page import examples

pytest_plugins = ["pytester"]

PLUGIN = "matching_exchange.testing.plugin"
INSTALLED = any(point.value == PLUGIN for each in distributions() for point in each.entry_points)
LOAD = () if INSTALLED else ("-p", PLUGIN)


def test_a_bad_ini_option_is_told(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nexchange_scope = module\n")
    result = pytester.runpytest_inprocess(*LOAD)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*exchange_scope: takes function or session, not 'module'*"])


def test_options_of_the_marker_are_told_by_name(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.exchange(["BTC-USDT"])
        def test_marked(exchange_in_process):
            pass
        """
    )
    result = pytester.runpytest_inprocess(*LOAD)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*takes its options by name: instruments=*"])


def test_the_examples_of_the_page_hold(pytester: pytest.Pytester) -> None:
    """Those in process. tests/e2e/test_testing.py runs the one with processes."""
    blocks = examples("exchange_in_process")
    assert len(blocks) == 2
    pytester.makepyfile("\n\n".join(blocks))
    pytester.runpytest_inprocess(*LOAD).assert_outcomes(passed=3)
