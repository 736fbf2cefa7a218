"""The command: what it refuses, where it listens, and how it ends."""

import http.client
import socket
from contextlib import closing
from pathlib import Path

import pytest

from e2e.stage import App
from maestro import __main__ as command
from maestro.config import Settings, is_loopback
from maestro.errors import SettingError


def test_a_wrong_setting_is_one_sentence_and_exit_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback; the variable is named."""
    monkeypatch.setenv("MAX_CONCURRENT_REQUESTS", "many")

    code = command.main(["open"])

    told = capsys.readouterr().err
    assert (code, told.count("\n")) == (2, 1)
    assert told.startswith("MAX_CONCURRENT_REQUESTS is not allowed")


def test_a_key_is_not_lent_to_the_network(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused, and the way to want it is named; the key is not."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-secret")
    monkeypatch.setenv("MAESTRO_HOST", "0.0.0.0")

    assert command.main([]) == 2
    told = capsys.readouterr().err
    assert "MAESTRO_ALLOW_OTHERS=true" in told
    assert "sk-secret" not in told


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "0.0.0.0"},
        {"host": "127.0.0.1", "OPENROUTER_API_KEY": "sk-secret"},
        {"host": "localhost", "OPENROUTER_API_KEY": "sk-secret"},
        {"host": "0.0.0.0", "OPENROUTER_API_KEY": "sk-secret", "allow_others": True},
    ],
    ids=["no key", "this computer", "by name", "wanted"],
)
def test_what_is_safe_or_wanted_is_let_through(settings: dict[str, object]) -> None:
    """Nothing of the user's can be spent, or the user said so."""
    command.check_exposure(Settings.model_validate(settings))


def test_a_taken_port_leads_to_the_next_free_one() -> None:
    """Looked for upwards."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert port < command.free_port("127.0.0.1", port) <= port + command.PORTS_TRIED


def test_an_address_that_is_not_ours_is_a_setting_to_mend() -> None:
    """Not fifty tracebacks."""
    with pytest.raises(SettingError, match=r"192\.0\.2\.1"):
        command.free_port("192.0.2.1", 8501)


def test_the_page_is_private_and_quiet_from_any_folder() -> None:
    """What must not depend on a config file being found."""
    options = command.streamlit_options(Settings(max_upload_mb=7), 8600)

    expected = {
        "server.address": "127.0.0.1",
        "server.port": 8600,
        "server.allowedHosts": ["localhost", "127.0.0.1"],
        "server.enableXsrfProtection": True,
        "server.maxUploadSize": 7,
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
    }
    assert expected.items() <= options.items()
    assert is_loopback(str(options["server.address"]))


def test_an_address_of_the_sixth_version_is_let_through_without_brackets() -> None:
    """Streamlit takes them off the Host header before it compares."""
    options = command.streamlit_options(Settings(host="::1"), 8600)

    assert options["server.allowedHosts"] == ["localhost", "127.0.0.1", "::1"]


def test_the_app_comes_up_beside_another_and_ends_gently(tmp_path: Path) -> None:
    """It says which port it took; an open event stream does not hold up its end; that end is no failure."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            App(tmp_path, arguments=("--port", str(port))) as app,
            closing(connect(app.port)) as stream,
            closing(connect(app.port)) as page,
        ):
            stream.request("GET", "/events/list")
            first = stream.getresponse().readline()
            page.request("GET", "/")
            shown = page.getresponse()

            assert f"Port {port} is taken; using {app.port}." in app.log
            assert first.startswith(b"data: ")
            assert shown.headers["X-Content-Type-Options"] == "nosniff"
            assert "img-src 'self'" in shown.headers["Content-Security-Policy"]
            assert app.stop() == 0
            assert "Traceback" not in app.log


def connect(port: int) -> http.client.HTTPConnection:
    """A connection that gives up in time."""
    return http.client.HTTPConnection("127.0.0.1", port, timeout=20)
