"""`rustok lifecycle`: prints what is declared, as text, diagram and JSON."""

from __future__ import annotations

import json

import pytest

from rustok.cli import lifecycle as command
from rustok.cli.main import run
from rustok.core import machine
from rustok.core.machine import Lifecycle, Transition


@pytest.fixture(autouse=True)
def kettle(monkeypatch: pytest.MonkeyPatch) -> Lifecycle:
    """A lifecycle that no feature has, so the test stands when features change."""
    monkeypatch.setattr(machine, "_registry", {})
    monkeypatch.setattr(command, "FEATURES", "rustok.core.machine")
    return Lifecycle(
        "kettle",
        initial="cold",
        states=("cold", "boiling", "empty"),
        transitions=(
            Transition("heat", ("cold",), "boiling", "kettle.boiled", "it holds water"),
            Transition("pour", ("cold", "boiling"), "empty"),
        ),
    )


def test_list_names_lifecycles_and_states(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lifecycle", "list"]) == 0
    assert capsys.readouterr().out.split() == ["kettle", "cold", "boiling", "empty"]


def test_show_tells_steps_ways_out_and_diagram(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lifecycle", "show", "kettle"]) == 0
    out = capsys.readouterr().out
    assert "heat: cold -> boiling  if it holds water  emits kettle.boiled" in out
    assert "pour: cold, boiling -> empty" in out
    assert "empty    nothing: it is final" in out
    assert "stateDiagram-v2" in out


def test_mermaid_alone_can_be_put_on_a_page(
    kettle: Lifecycle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lifecycle", "show", "kettle", "--mermaid"]) == 0
    assert capsys.readouterr().out.strip() == kettle.mermaid()


def test_json_holds_the_whole_declaration(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lifecycle", "show", "kettle", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["initial"] == "cold"
    assert data["final"] == ["empty"]
    assert data["allowed_actions"]["cold"] == ["heat", "pour"]
    assert data["transitions"][0]["event"] == "kettle.boiled"


def test_an_unknown_name_is_wrong_usage_and_gets_a_suggestion(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["lifecycle", "show", "kettel"]) == 2
    assert "Did you mean 'kettle'?" in capsys.readouterr().err
