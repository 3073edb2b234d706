"""The public names, and what is loaded for them."""

import subprocess
import sys

import pytest

import matching_exchange


def loaded(program: str) -> set[str]:
    """The modules that a Python of its own has loaded after the program."""
    program = f"{program}\nimport sys\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_every_public_name_is_there() -> None:
    for name in matching_exchange.__all__:
        assert getattr(matching_exchange, name).__module__ is not None
    assert set(matching_exchange.__all__) <= set(dir(matching_exchange))
    assert sorted(matching_exchange.__all__) == sorted(matching_exchange._MODULE_OF)
    with pytest.raises(AttributeError, match="no attribute 'Clint'"):
        _ = matching_exchange.Clint  # type: ignore[attr-defined]


def test_the_processes_of_the_exchange_load_no_client() -> None:
    assert not {"httpx", "websockets", "matching_exchange.client"} & loaded("import matching_exchange.process.settings")


def test_a_client_loads_no_part_of_the_exchange() -> None:
    modules = loaded("from matching_exchange import Client")
    assert "httpx" in modules
    assert not {"matcher", "gateway", "history", "zmq", "fastapi", "cryptography"} & modules
