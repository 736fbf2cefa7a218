"""Waiting, repeating, deadline and cancel: what is sent again and what never is."""

import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from maestro.calls import Call
from maestro.engines.openrouter import pace
from maestro.errors import CancelledError, ConnectionLostError, ProviderError, RateLimitedError, TimedOutError
from tests import provider as wire
from tests.engines.asking import LIMIT_S, WIRES, Build, fault, order, shoot
from tests.provider import Answer, Provider

# --- waiting, deadline, cancel


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_the_provider_names_is_waited(build: Build, provider: Provider, status: int) -> None:
    """Then the same request is sent again."""
    provider.script("/images", Answer(status, headers={"Retry-After": "0.2"}))
    began = time.monotonic()
    shoot(build())

    assert time.monotonic() - began >= 0.2
    assert len(provider.requests) == 2


def test_no_more_than_three_tries(build: Build, provider: Provider) -> None:
    """Then the wait is named, and nothing was charged."""
    provider.script("/images", Answer(429, headers={"Retry-After": "0"}), is_repeated=True)
    call = Call(LIMIT_S)
    error = fault(lambda: shoot(build(), call=call))

    assert isinstance(error, RateLimitedError)
    assert len(provider.requests) == 3
    assert not call.was_sent


def test_a_wait_beyond_the_deadline_is_not_begun(build: Build, provider: Provider) -> None:
    """The user hears of it at once."""
    provider.script("/images", Answer(429, headers={"Retry-After": "3600"}))
    error = fault(lambda: shoot(build()))

    assert isinstance(error, RateLimitedError)
    assert error.wait_s == 3600
    assert len(provider.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 413, 422, 504, 524])
def test_what_may_be_billed_twice_or_never_helps_is_not_sent_again(build: Build, provider: Provider, status: int) -> None:
    """One request."""
    provider.script("/images", Answer(status), is_repeated=True)
    fault(lambda: shoot(build()))

    assert len(provider.requests) == 1


@pytest.mark.parametrize("status", [500, 502])
def test_a_failed_chat_answer_is_not_asked_for_again(build: Build, provider: Provider, status: int) -> None:
    """On this wire it may have been billed."""
    provider.script("lantern", Answer(status), is_repeated=True)
    error = fault(lambda: shoot(build(image_wire="chat")))

    assert error.may_be_charged
    assert len(provider.requests) == 1


def test_a_failed_picture_is_not_billed_and_asked_for_again(build: Build, provider: Provider) -> None:
    """POST /images bills all or nothing."""
    provider.script("/images", Answer(502))

    assert shoot(build()).cost_usd == wire.PICTURE_COST_USD
    assert len(provider.requests) == 2


def test_a_web_page_with_a_502_is_no_word_of_the_provider(build: Build, provider: Provider) -> None:
    """Somebody in between failed; nobody knows whether it was billed."""
    provider.script("/images", Answer(502, "<html>Bad gateway</html>", content_type="text/html"), is_repeated=True)
    error = fault(lambda: shoot(build()))

    assert error.may_be_charged
    assert len(provider.requests) == 1


@pytest.mark.parametrize("status", [400, 404])
def test_what_asked_for_is_not_to_be_had_now_is_not_sent_again_by_itself(build: Build, provider: Provider, status: int) -> None:
    """`availability.retryable` gives the user a button, and no more."""
    availability = {"code": "model_unavailable_upstream", "retryable": True, "retry_after": 0}
    provider.script("lantern", Answer(status, wire.error_body(status, "Not now", availability=availability)), is_repeated=True)
    error = fault(lambda: shoot(build()))

    assert isinstance(error, ProviderError)
    assert len(provider.requests) == 1


def test_the_providers_word_is_enough_to_send_again(build: Build, provider: Provider) -> None:
    """504 may have been billed, but it says itself that the request may be repeated."""
    body = wire.error_body(504, "Late", availability={"retryable": True, "retry_after": 0})
    provider.script("lantern", Answer(504, body))
    shoot(build(image_wire="chat"))

    assert len(provider.requests) == 2


@pytest.mark.parametrize("usage", [None, {"cost": 0}])
@pytest.mark.parametrize("image_wire", WIRES)
def test_a_429_inside_a_200_is_waited_when_nothing_was_billed(
    build: Build, provider: Provider, image_wire: str, usage: object
) -> None:
    """The model had not begun; only the whole answer that counts is kept."""
    error = wire.error_body(429, "Slow down", availability={"retry_after": 0})
    provider.script("lantern", Answer(body=error | {"usage": usage}))
    kept: list[bytes] = []
    build(image_wire=image_wire).shoot(order(), Call(LIMIT_S), kept.append)

    assert len(provider.requests) == 2
    assert len(kept) == 1


# --- the limiter


def test_a_429_slows_all_calls_and_they_come_back_one_by_one(build: Build, provider: Provider) -> None:
    """One is asked to wait: the others wait with it, then one goes first, and more with each that succeeds."""
    gates = [threading.Event() for _ in range(5)]
    provider.script("/images", Answer(429, headers={"Retry-After": "0.3"}), *[Answer(gate=gate) for gate in gates])
    engine = build()
    calls = [Call(LIMIT_S) for _ in range(5)]
    with ThreadPoolExecutor(5) as executor:
        shots = [executor.submit(shoot, engine, order(1), calls[0])]
        provider.wait_for(1)[0].ended.wait(LIMIT_S)
        assert _becomes(lambda: calls[0].hold_s is not None)
        shots += [executor.submit(shoot, engine, order(number), calls[number - 1]) for number in range(2, 6)]
        assert _becomes(lambda: all(call.hold_s is not None for call in calls))
        reasons = {call.hold_reason for call in calls}
        assert [len(provider.wait_for(2)), _held(calls)] == [2, 4]
        gates[0].set()
        assert [len(provider.wait_for(4)), _held(calls)] == [4, 2]
        for gate in gates:
            gate.set()
        numbers = {shot.result(LIMIT_S).shot_id for shot in shots}

    assert numbers == {1, 2, 3, 4, 5}
    assert len(provider.requests) == 6
    assert all("asks to wait" in reason or "asked to wait" in reason for reason in reasons)
    assert all(call.hold_s is None for call in calls)


@pytest.mark.parametrize("image_wire", WIRES)
def test_a_call_that_never_ends_holds_the_others_up_for_a_while_only(
    build: Build, provider: Provider, image_wire: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a 429 one goes first; when nothing comes of it, the next one goes all the same."""
    monkeypatch.setattr(pace, "SLOW_S", 0.1)
    provider.script("lantern 1", Answer(429, headers={"Retry-After": "0"}), Answer(hangs=True))
    engine, stuck = build(image_wire=image_wire), Call(LIMIT_S)
    with ThreadPoolExecutor(3) as executor:
        first = executor.submit(shoot, engine, order(1), stuck)
        provider.wait_for(2)
        others = [executor.submit(shoot, engine, order(number)) for number in (2, 3)]
        assert [other.result(LIMIT_S).shot_id for other in others] == [2, 3]
        stuck.cancel()
        assert isinstance(first.exception(LIMIT_S), CancelledError)


def test_who_waits_hears_of_it_and_of_its_end(build: Build, provider: Provider) -> None:
    """For a page that counts down."""
    provider.script("/images", Answer(429, headers={"Retry-After": "0.2"}))
    call, heard = Call(LIMIT_S), list[tuple[bool, str]]()
    call.when_held(lambda: heard.append((call.hold_s is not None, call.hold_reason)))
    shoot(build(), call=call)

    assert heard[0] == (True, "The provider asks to wait (too many requests); trying again, 2 of 3.")
    assert heard[-1] == (False, "")


def test_a_turn_that_comes_too_late_is_said_at_once(build: Build, provider: Provider) -> None:
    """The wait of another call is longer than this one may take: nothing is sent."""
    provider.script("/images", Answer(429, headers={"Retry-After": "30"}))
    engine, long = build(), Call(LIMIT_S)
    with ThreadPoolExecutor(1) as executor:
        first = executor.submit(shoot, engine, order(1), long)
        assert _becomes(lambda: long.hold_s is not None)
        error = fault(lambda: shoot(engine, order(2), Call(5)))
        long.cancel()
        assert isinstance(first.exception(LIMIT_S), CancelledError)

    assert isinstance(error, RateLimitedError)
    assert error.wait_s is not None
    assert 20 < error.wait_s <= 30
    assert re.fullmatch(r"The provider asks to wait \d\d s; this call may take 5 s\.", str(error))
    assert not error.may_be_charged
    assert len(provider.requests) == 1


def test_a_server_that_is_not_there_costs_nothing(build: Build) -> None:
    """Refused connections are tried again, then named."""
    call = Call(1.5)
    error = fault(lambda: shoot(build(base_url="http://127.0.0.1:9/api/v1"), call=call))

    assert isinstance(error, ConnectionLostError)
    assert not error.may_be_charged
    assert not call.was_sent


@pytest.mark.parametrize("answer", [Answer(hangs=True), Answer(drips=True)])
@pytest.mark.parametrize("image_wire", WIRES)
def test_the_deadline_is_total_and_the_server_sees_it(build: Build, provider: Provider, image_wire: str, answer: Answer) -> None:
    """Also against a body that drips for ever."""
    provider.script("lantern", answer)
    with ThreadPoolExecutor(1) as executor:
        error = executor.submit(shoot, build(image_wire=image_wire), order(), Call(0.7)).exception(7)

    assert isinstance(error, TimedOutError)
    assert error.may_be_charged
    assert provider.requests[0].disconnected.wait(LIMIT_S)


@pytest.mark.parametrize("answer", [Answer(hangs=True), Answer(drips=True)])
def test_a_cancel_is_a_disconnect(build: Build, provider: Provider, answer: Answer) -> None:
    """Of this request only: its neighbour goes on and gets its picture."""
    gate = threading.Event()
    provider.script("lantern 1", answer)
    provider.script("lantern 2", Answer(gate=gate))
    engine, call = build(), Call(LIMIT_S)
    with ThreadPoolExecutor(2) as executor:
        cancelled, kept = executor.submit(shoot, engine, order(1), call), executor.submit(shoot, engine, order(2))
        provider.wait_for(2)
        call.cancel()
        error = cancelled.exception(LIMIT_S)
        assert provider.matching("lantern 1")[0].disconnected.wait(LIMIT_S)
        gate.set()

    assert isinstance(error, CancelledError)
    assert error.may_be_charged
    assert kept.result().shot_id == 2


def test_a_cancel_during_the_wait_ends_it_and_costs_nothing(build: Build, provider: Provider) -> None:
    """The request that was asked to wait had not been billed."""
    provider.script("/images", Answer(429, headers={"Retry-After": "15"}))
    call = Call(LIMIT_S)
    with ThreadPoolExecutor(1) as executor:
        shot = executor.submit(shoot, build(), order(), call)
        provider.wait_for(1)[0].ended.wait(LIMIT_S)
        assert _becomes(lambda: not call.was_sent)
        call.cancel()
        error = shot.exception(5)

    assert isinstance(error, CancelledError)
    assert not error.may_be_charged


def test_a_call_that_was_cancelled_before_is_not_sent(build: Build, provider: Provider) -> None:
    """Nothing leaves."""
    call = Call(LIMIT_S)
    call.cancel()
    error = fault(lambda: shoot(build(), call=call))

    assert isinstance(error, CancelledError)
    assert provider.requests == []


def test_closing_ends_what_is_in_flight(build: Build, provider: Provider) -> None:
    """Nobody waits for ever; later calls are refused."""
    provider.script("/images", Answer(hangs=True))
    engine = build()
    with ThreadPoolExecutor(1) as executor:
        shot = executor.submit(shoot, engine)
        provider.wait_for(1)
        engine.close()
        error = shot.exception(LIMIT_S)

    assert isinstance(error, CancelledError)
    assert isinstance(fault(lambda: shoot(engine)), ConnectionLostError)


def _held(calls: list[Call]) -> int:
    return sum(call.hold_s is not None for call in calls)


def _becomes(is_so: Callable[[], bool]) -> bool:
    beat = threading.Event()
    return any(is_so() or beat.wait(0.01) for _ in range(1000))
