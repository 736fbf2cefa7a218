"""Settings come from the environment, and a wrong one is said by its name."""

from pathlib import Path

import pytest

from maestro.config import ROOT, Settings, is_loopback, load, variable
from maestro.errors import SettingError

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_without_a_key_this_computer_answers() -> None:
    """The default costs nothing."""
    assert load().is_offline


def test_with_a_key_the_provider_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment is enough."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "a-key")

    assert not load().is_offline


def test_offline_can_be_asked_for_in_spite_of_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """`MAESTRO_ENGINE=offline` spends nothing."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "a-key")
    monkeypatch.setenv("MAESTRO_ENGINE", "offline")

    assert load().is_offline


def test_the_key_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever prints or logs the settings shows no secret."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "very-secret")

    assert "very-secret" not in repr(load())
    assert "very-secret" not in str(load().model_dump())


def test_models_are_a_list_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blanks do not matter."""
    monkeypatch.setenv("MAESTRO_IMAGE_MODELS", "one/a, two/b ,")

    assert load().image_models == ("one/a", "two/b")


def test_the_plain_name_of_the_limit_works_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """MAX_CONCURRENT_REQUESTS is the name that users know."""
    monkeypatch.setenv("MAX_CONCURRENT_REQUESTS", "3")

    assert load().max_concurrent_requests == 3


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("MAX_CONCURRENT_REQUESTS", "0", "greater than or equal to 1"),
        ("MAX_CONCURRENT_REQUESTS", "many", "integer"),
        ("MAESTRO_TIMEOUT_S", "-1", "greater than or equal to 1"),
        ("MAESTRO_ENGINE", "magic", "'auto', 'openrouter' or 'offline'"),
        ("MAESTRO_IMAGE_MODELS", " , ", "at least one model"),
        ("MAESTRO_BASE_URL", "not a url", "URL"),
        ("MAESTRO_PORT", "70000", "less than or equal to 65535"),
    ],
)
def test_a_wrong_value_names_the_variable_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    """One sentence is enough to mend it."""
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingError, match=allowed) as caught:
        load()

    assert str(caught.value).startswith(name)


def test_the_provider_without_a_key_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody should find out after the upload."""
    monkeypatch.setenv("MAESTRO_ENGINE", "openrouter")

    with pytest.raises(SettingError, match="OPENROUTER_API_KEY"):
        load()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_the_readme_lists_every_setting(name: str) -> None:
    """By its variable."""
    assert f"`{variable(name)}`" in README


def test_no_lock_names_a_registry() -> None:
    """Locks hold names, versions and hashes, no host."""
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (Path(ROOT) / lock).read_text(encoding="utf-8")

        assert "--hash=sha256:" in text
        assert "://" not in text.replace("file://", "://")


@pytest.mark.parametrize(
    ("address", "is_private"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("example.org", False),
        (None, False),
    ],
)
def test_only_loopback_is_private(address: str | None, *, is_private: bool) -> None:
    """No address stands for all of them."""
    assert is_loopback(address) is is_private
