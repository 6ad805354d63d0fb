"""What may be sent again, for how long, and what makes it stop."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from rustok.server.message import Answer
from rustok.server.ready import (
    LONGEST_SECONDS,
    STALE_SECONDS,
    Question,
    ReadyAnswers,
    question_of,
)

PATH = "/api/v1/storefront/products"


def scope(path: str = PATH, method: str = "GET", **headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"method": method, "path": path, "query_string": b"limit=20", "headers": raw}


def asked(**headers: str) -> Question:
    found = question_of(scope(**headers))
    assert found is not None
    return found


def answer(body: bytes = b"{}", etag: str = '"a"') -> Answer:
    return Answer(status=200, body=body, headers={"etag": etag, "content-type": "application/json"})


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def kept(
    answers: ReadyAnswers, question: Question, *, seconds: float = 30, body: bytes = b"{}"
) -> None:
    answers.keep(
        question, answer(body), route=PATH, tenant=TENANT, epoch_at=answers.epoch(TENANT)[0],
        seconds=seconds,
    )  # fmt: skip


TENANT = uuid4()


@pytest.mark.parametrize(
    "one",
    [
        scope(method="POST"),
        scope(method="HEAD"),
        scope("/api/v1/admin/products"),
        scope(authorization="Bearer x"),
        scope(x_api_key="x"),
        scope(cookie="a=b"),
    ],
)
def test_a_request_that_says_who_asks_has_no_shared_answer(one: dict[str, Any]) -> None:
    assert question_of(one) is None


@pytest.mark.parametrize(
    "name",
    ["host", "x_tenant", "accept_language", "x_currency", "accept_encoding", "origin"],
)
def test_whatever_an_answer_depends_on_makes_another_question(name: str) -> None:
    assert asked(**{name: "one"}).key != asked(**{name: "two"}).key
    assert asked(user_agent="one").key == asked(user_agent="two").key


def test_an_answer_is_found_until_its_time_is_up() -> None:
    clock = Clock()
    answers = ReadyAnswers(1_000_000, clock=clock)
    question = asked()
    kept(answers, question, seconds=10)
    assert answers.find(question, clock.now + 9.9) is not None
    assert answers.find(question, clock.now + 10) is None
    assert answers.find(question, clock.now + 10 + STALE_SECONDS) is None
    assert answers.stats().entries == 0


def test_no_answer_lives_longer_than_a_lost_message_may_hurt() -> None:
    clock = Clock()
    answers = ReadyAnswers(1_000_000, clock=clock)
    kept(answers, asked(), seconds=86_400)
    assert answers.find(asked(), clock.now + 30) is None


def test_a_change_of_the_tenant_ends_its_answers_and_no_others() -> None:
    answers = ReadyAnswers(1_000_000, clock=Clock())
    other = uuid4()
    kept(answers, asked())
    theirs = asked(x_tenant="other")
    answers.keep(theirs, answer(), route=PATH, tenant=other, epoch_at=0, seconds=30)
    answers.forget(TENANT)
    assert answers.find(asked(), 100) is None
    assert answers.find(theirs, 100) is not None


def test_an_answer_read_before_a_change_is_not_kept_after_it() -> None:
    answers = ReadyAnswers(1_000_000, clock=Clock())
    before = answers.epoch(TENANT)[0]
    answers.forget(TENANT)
    answers.keep(asked(), answer(), route=PATH, tenant=TENANT, epoch_at=before, seconds=30)
    assert answers.find(asked(), 100) is None


def test_perhaps_lost_messages_end_every_answer_but_leave_it_for_an_outage() -> None:
    answers = ReadyAnswers(1_000_000, clock=Clock())
    kept(answers, asked())
    began = answers.epoch(TENANT)[0]
    answers.forget(None)
    assert answers.find(asked(), 100) is None
    assert answers.find_stale(asked()) is not None
    answers.keep(
        asked(host="late"), answer(), route=PATH, tenant=TENANT, epoch_at=began, seconds=30
    )
    assert answers.find(asked(host="late"), 100) is None


def test_an_answer_past_its_time_serves_an_outage_unless_it_has_changed() -> None:
    clock = Clock()
    answers = ReadyAnswers(1_000_000, clock=clock)
    kept(answers, asked())
    assert answers.find(asked(), 100 + LONGEST_SECONDS) is None
    assert answers.find_stale(asked()) is not None
    assert answers.stats().stale_served == 1
    answers.forget(TENANT)
    assert answers.find_stale(asked()) is None


def test_an_answer_is_too_old_for_an_outage_in_the_end() -> None:
    clock = Clock()
    answers = ReadyAnswers(1_000_000, clock=clock)
    kept(answers, asked())
    clock.now = 100 + LONGEST_SECONDS + STALE_SECONDS
    assert answers.find_stale(asked()) is None


def test_the_answers_together_stay_within_their_bytes_and_used_ones_stay() -> None:
    answers = ReadyAnswers(400_000, clock=Clock())
    for number in range(100):
        kept(answers, asked(host=str(number)), body=b"x" * 8_000)
        assert answers.find(asked(host="0"), 100) is not None
    stats = answers.stats()
    assert stats.entries * 9_500 <= 400_000
    assert stats.entries + stats.evictions == 100
    kept(answers, asked(host="large"), body=b"x" * 100_000)
    assert answers.find(asked(host="large"), 100) is None


@pytest.mark.parametrize(
    ("sent", "matches"),
    [(b'"a"', True), (b'W/"a"', True), (b"*", True), (b'"b", W/"a"', True), (b'"b"', False)],
)
def test_validators_are_compared_weakly(sent: bytes, matches: bool) -> None:
    answers = ReadyAnswers(1_000_000, clock=Clock())
    ready = answers.keep(
        asked(), answer(etag='W/"a"'), route=PATH, tenant=TENANT, epoch_at=0, seconds=30
    )
    assert ready.matches(sent) is matches
