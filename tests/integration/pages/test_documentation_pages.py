"""The API reference and the problem pages, made from the same source as the API itself."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from rustok.core.errors import registered
from rustok.server.openapi import document


@pytest.fixture
def database_kind() -> str:
    # Nothing here asks a database; one kind is enough.
    return "sqlite"


async def test_every_operation_has_its_place_in_the_reference(world: Any) -> None:
    api = msgspec.json.decode(document(world.platform.modules))
    async with world.client() as client:
        page = await client.get("/docs")

    assert page.status_code == 200
    for methods in api["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page.text


async def test_no_link_inside_the_reference_leads_nowhere(world: Any) -> None:
    async with world.client() as client:
        page = await client.get("/docs")
    anchors = set(re.findall(r' id="([^"]+)"', page.text))
    codes = registered()

    assert set(re.findall(r'href="#([^"]+)"', page.text)) <= anchors
    assert set(re.findall(r'href="/problems/([^"]+)"', page.text)) <= codes.keys()


async def test_every_problem_code_has_a_page_that_says_how_to_mend_it(world: Any) -> None:
    async with world.client() as client:
        index = await client.get("/problems")
        for code, error in registered().items():
            assert f'href="/problems/{code}"' in index.text
            if code in ("not_found", "stock_insufficient", "form_not_trusted"):
                page = await client.get(f"/problems/{code}")
                assert page.status_code == 200
                assert str(error.status) in page.text
                assert "How to mend it" in page.text


async def test_a_code_nobody_has_is_not_there(world: Any) -> None:
    async with world.client() as client:
        assert (await client.get("/problems/no_such_code")).status_code == 404


async def test_the_pages_name_style_sheets_that_are_there(world: Any) -> None:
    async with world.client() as client:
        page = await client.get("/docs")
        for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
            assert (await client.get(path)).status_code == 200
