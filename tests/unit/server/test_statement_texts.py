"""What spans carry of a statement: enough to know it, and never the whole of its lists."""

from __future__ import annotations

from rustok.server.metering.spans import in_short

COLUMNS = ", ".join(f"orders.column_{number}" for number in range(30))


def test_a_long_list_of_columns_is_cut_and_the_rest_is_whole() -> None:
    text = in_short(
        f"SELECT {COLUMNS}\nFROM orders\nWHERE orders.tenant_id = $1 AND orders.id = $2"
    )
    assert text.startswith("SELECT orders.column_0, orders.column_1")
    assert text.endswith("… FROM orders WHERE orders.tenant_id = $1 AND orders.id = $2")
    assert len(text) < 150


def test_the_brackets_of_an_insert_are_cut() -> None:
    values = ", ".join(f"${number}::VARCHAR" for number in range(1, 31))
    text = in_short(f"INSERT INTO orders ({COLUMNS}) VALUES ({values}) ON CONFLICT DO NOTHING")
    assert text.startswith("INSERT INTO orders (orders.column_0")
    assert text.endswith("…) ON CONFLICT DO NOTHING")
    assert len(text) < 220


def test_a_short_statement_stays_as_it_is() -> None:
    sql = "UPDATE orders SET status = $1 WHERE tenant_id = $2 AND id = $3"
    assert in_short(sql) == sql


def test_no_text_is_endless() -> None:
    assert len(in_short("SELECT a FROM b WHERE " + "c = 1 OR " * 1_000)) <= 801
