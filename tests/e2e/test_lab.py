"""The examples, the notebook and the guide docs/lab.md, as their readers run them: beside one demo market."""

import ast
import asyncio
import inspect
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

from tests.exchange import PATIENCE, ROOT, Exchange, clean_environment, wait_until
from tests.scripts import is_lively, running

EXAMPLES = ROOT / "examples"
GUIDE = (ROOT / "docs" / "lab.md").read_text()

LONGEST = 80
"""Lines of an example."""


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("exchange")
    with Exchange(directory) as running_exchange:
        matcher = running_exchange.matcher
        arguments = [f"--commands={matcher.commands}", f"--reports={matcher.reports}", f"--data-dir={matcher.data}"]
        demo = [sys.executable, "-m", "matching_exchange.tools.demo", *arguments]
        with running(demo, directory, clean_environment()):
            wait_until(lambda: is_lively(running_exchange.url, "BTC-USDT"), "a lively market")
            yield running_exchange


def environment(exchange: Exchange, home: Path) -> dict[str, str]:
    return clean_environment({"EXCHANGE_URL": exchange.url, "HOME": str(home), "COLUMNS": "120"})


def run(command: list[str], exchange: Exchange, directory: Path, answers: str = "") -> str:
    """What the command prints; it must go well, and say nothing on stderr but progress."""
    ended = subprocess.run(
        command,
        cwd=directory,
        env=environment(exchange, directory),
        input=answers,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stdout


def example(name: str, *arguments: str) -> list[str]:
    return [sys.executable, str(EXAMPLES / name), *arguments]


def test_the_first_bot_trades(exchange: Exchange, tmp_path: Path) -> None:
    printed = run(example("first_bot.py"), exchange, tmp_path)
    assert len(re.findall(r"^\d\. .* -> .*: (buy|sell) 0\.01 at \d+", printed, re.MULTILINE)) == 5
    assert len(exchange.get("/fills", account="default")["fills"]) >= 5


def test_the_market_maker_trades_in_a_simulation(exchange: Exchange, tmp_path: Path) -> None:
    command = example("market_maker.py", "--simulate", "--report", "maker.html")
    printed = run(command, exchange, tmp_path)
    assert re.search(r"Fills +\d{2}", printed)
    assert "<svg" in (tmp_path / "maker.html").read_text()


def test_the_market_maker_trades_live_until_ctrl_c(exchange: Exchange, tmp_path: Path) -> None:
    def own_orders() -> int:
        return len(exchange.get("/orders", account="default", symbol="BTC-USDT")["orders"])

    command = example("market_maker.py")
    with running(command, tmp_path, environment(exchange, tmp_path)) as script:
        wait_until(lambda: own_orders() == 2 or script.process.poll() is not None, "quotes on both sides")
        os.kill(script.process.pid, signal.SIGINT)
        assert script.process.wait(PATIENCE) == 0, script.text()
    assert "Profit after fees, USDT" in script.text()
    assert own_orders() == 0


def test_the_lesson_knows_its_answers(exchange: Exchange, tmp_path: Path) -> None:
    assert "9 of 9 right." in run(example("lesson.py", "--answers"), exchange, tmp_path)
    answers = ["0.04", "8", "ben", "cleo", "10.01", "2", "10.03", "Cleo", "Ben"]
    printed = run(example("lesson.py"), exchange, tmp_path, "\n".join(answers))
    assert "The exchange says: 10.01" in printed
    assert "8 of 9 right." in printed


def test_the_backtest_tells_each_latency(exchange: Exchange, tmp_path: Path) -> None:
    printed = run(example("backtest.py"), exchange, tmp_path)
    assert len(re.findall(r"^latency +\d+ ms: \d{3} fills, profit -?[\d.]+ USD$", printed, re.MULTILINE)) == 3


def test_the_study_compares_with_intervals(exchange: Exchange, tmp_path: Path) -> None:
    printed = run(example("execution_study.py", "--seeds", "2"), exchange, tmp_path)
    assert len(re.findall(r"bps +-?\d+\.\d\d +-?\d+\.\d\d to +-?\d+\.\d\d +2$", printed, re.MULTILINE)) == 3


def test_the_notebook_runs_from_top_to_bottom(
    exchange: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EXCHANGE_URL", exchange.url)
    notebook = json.loads((EXAMPLES / "lab.ipynb").read_text())
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells), "outputs are stripped"
    names: dict[str, object] = {"__name__": "__main__"}

    async def run_all() -> None:
        for cell in cells:
            code = compile("".join(cell["source"]), "lab.ipynb", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            await execute(code, names)

    asyncio.run(run_all())
    assert len(names["live"].to_polars("quotes")) > 0  # type: ignore[attr-defined]


async def execute(code: CodeType, names: dict[str, object]) -> None:
    """As a notebook does: a cell may await."""
    if code.co_flags & inspect.CO_COROUTINE:
        await eval(code, names)
    else:
        exec(code, names)


def test_the_guide_works_as_it_is_written(exchange: Exchange, tmp_path: Path) -> None:
    """Each block of Python begins with the name of its file. The commands are those of the bash blocks that run one."""
    done = 0
    for language, text in re.findall(r"^```(python|bash)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL):
        if language == "python":
            name = text.partition("\n")[0].removeprefix("# ")
            assert name.endswith(".py"), text
            # Readers have more time.
            text = text.replace("range(100)", "range(2)").replace("duration=sim.minutes(1)", "duration=sim.seconds(1)")
            (tmp_path / name).write_text(text)
            continue
        for line in text.splitlines():
            command = line.partition("   #")[0].strip()
            if command.startswith("python "):
                arguments = shlex.split(command.replace("examples/", f"{EXAMPLES}/"))[1:]
                assert run([sys.executable, *arguments], exchange, tmp_path)
                done += 1
    assert done >= 5


def test_the_python_of_the_readme_that_trades_runs(exchange: Exchange, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    for text in re.findall(r"^```python\n(from matching_exchange import .*?)^```", readme, re.MULTILINE | re.DOTALL):
        program = text.replace("duration=sim.minutes(1)", "duration=sim.seconds(1)")
        run([sys.executable, "-c", program], exchange, tmp_path)


def test_examples_are_short() -> None:
    for path in EXAMPLES.glob("*.py"):
        assert len(path.read_text().splitlines()) <= LONGEST, path.name
