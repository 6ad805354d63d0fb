"""What each database needs for full text beyond its tables: FTS5 on SQLite, tsvector on PostgreSQL.

Both indexes hold words with their scope before them, `scope_word`: what a search reads of the index is
its own tenant's, however many others use the same word. No word holds a `_`, so nothing that is typed
or stored can pass for a word of another scope.

SQLite: a contentless FTS5 table per shelf; `storing` keeps it in step, because triggers that
write to FTS5 are refused under `trusted_schema=OFF`.

PostgreSQL: a generated `search` column to rank by, a GIN index over its words, and a function per shelf
that looks into it. Row-level security allows an index only with operators that are marked leakproof,
and `@@` is not; read directly, every row of the tenant would be compared. The function runs as the
owner of the table and names the tenant of the transaction itself, so it gives out no other rows than
the policy.

Refuses: statements of the application; those stand beside the queries.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

SHELVES: Final = ("product", "node")
WORDS: Final = "replace(' ' || title || ' ' || keywords || ' ' || body, ' ', ' ' || scope || '_')"
"""What FTS5 indexes of an entry, in SQL: its texts are words joined by single spaces."""

_CONFIGURATIONS: Final = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian",
    "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish",
    "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Language -> text search configuration; all ship with PostgreSQL 14 and later."""


def configuration_of(locale: str) -> str:
    """The PostgreSQL text search configuration for a locale; `simple` where none knows the language."""
    return _CONFIGURATIONS.get(locale.split("-", 1)[0].lower(), "simple")


def scope_of(tenant_id: UUID, locale: str) -> str:
    """What stands before every word of this tenant and locale; it holds no `_`."""
    letters = "".join(char for char in locale.lower() if char.isalnum())
    return f"t{tenant_id.hex}l{letters}"


def create_statements(dialect: str) -> list[str]:
    """DDL to run after the tables are made.

    Args:
        dialect: "sqlite" or "postgres" ("postgresql" is understood too).
    """
    if dialect == "sqlite":
        return [_filled(one, shelf) for shelf in SHELVES for one in _CREATE_SQLITE]
    return [
        _VECTOR_FUNCTION,
        _SCOPED_FUNCTION,
        *(_filled(one, shelf) for shelf in SHELVES for one in _CREATE_POSTGRES),
    ]


def search_functions() -> list[str]:
    """DDL that brings the functions of PostgreSQL to what they are here; the tables stay."""
    return [_SCOPED_FUNCTION, *(_filled(_FOUND_FUNCTION, shelf) for shelf in SHELVES)]


def index_statements(dialect: str) -> list[str]:
    """DDL that makes the indexes anew from the entries that are there; the tables stay."""
    if dialect == "sqlite":
        templates: tuple[str, ...] = (*_DROP_SQLITE, *_CREATE_SQLITE, *_FILL_SQLITE)
        return [_filled(one, shelf) for shelf in SHELVES for one in templates]
    anew = (_DROP_INDEX, _CREATE_INDEX)
    return [*search_functions(), *(_filled(one, shelf) for shelf in SHELVES for one in anew)]


def drop_statements(dialect: str) -> list[str]:
    """DDL to run before the tables are dropped; undoes `create_statements`."""
    templates = _DROP_SQLITE if dialect == "sqlite" else _DROP_POSTGRES
    statements = [_filled(one, shelf) for shelf in reversed(SHELVES) for one in templates]
    return statements if dialect == "sqlite" else [*statements, *_DROP_FUNCTIONS]


def _filled(template: str, shelf: str) -> str:
    """The statement for one shelf; its name is one of `SHELVES`, nothing from outside."""
    return template.replace("@entries", f"{shelf}_entries")


_CREATE_SQLITE: Final = (
    # Letters, digits, marks and `_` are of a word, as `words` has it. No `prefix`: beginnings of words are
    # few within a scope, and it would double the index.
    "CREATE VIRTUAL TABLE @entries_fts USING fts5(words, content='', columnsize=0, tokenize="
    "\"unicode61 remove_diacritics 2 categories 'L* N* Co M*' tokenchars '_'\")",
)
_FILL_SQLITE: Final = (
    f"INSERT INTO @entries_fts (rowid, words) SELECT entry, {WORDS} FROM @entries",  # constant sql: own
    "INSERT INTO @entries_fts (@entries_fts) VALUES ('optimize')",
)
_DROP_SQLITE: Final = ("DROP TABLE IF EXISTS @entries_fts",)

# A cast from text to regconfig is only STABLE, as configurations may be redefined; ours are the
# built-in ones, so the vector of a row never changes and may be generated and stored. Every text
# goes in twice: stemmed in its language, and as it stands for beginnings of words. The scope goes in
# without a position; the index leaves it out.
_VECTOR_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION rustok_search_vector(
    configuration text, scope text, title text, keywords text, body text
) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT setweight(to_tsvector(configuration::regconfig, title), 'A')
        || setweight(to_tsvector('simple'::regconfig, title), 'A')
        || setweight(to_tsvector(configuration::regconfig, keywords), 'B')
        || setweight(to_tsvector('simple'::regconfig, keywords), 'B')
        || setweight(to_tsvector(configuration::regconfig, body), 'C')
        || setweight(to_tsvector('simple'::regconfig, body), 'C')
        || array_to_tsvector(ARRAY[scope])
$$
""".strip()


# Of the scope its end is enough to part the words, the last of the tenant's id and the locale: a quarter
# of the index less. That rows are the tenant's is the business of the predicate in the function below.
_SCOPED_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION rustok_scoped_vector(scope text, search tsvector)
RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_to_tsvector(ARRAY(
        SELECT substr(scope, 22) || '_' || word
        FROM unnest(array_remove(tsvector_to_array(search), scope)) AS word
    ))
$$
""".strip()
_CREATE_INDEX: Final = (
    "CREATE INDEX ix_@entries_search ON @entries USING gin (rustok_scoped_vector(scope, search))"
)
_DROP_INDEX: Final = "DROP INDEX IF EXISTS ix_@entries_search"

# `wanted` gets the scope into every word. `IS TRUE` keeps the index of the tenant out of it: PostgreSQL
# would read through every entry of the tenant to intersect the two. `ROWS 1` has the documents of what is
# found looked up one by one: with more, all documents of the tenant would be read to be joined.
_FOUND_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION @entries_found(
    wanted_locale text, wanted tsquery, wanted_scope text, is_ranked boolean
) RETURNS TABLE (subject_id uuid, score bigint)
LANGUAGE sql STABLE STRICT SECURITY DEFINER ROWS 1 SET search_path = public, pg_temp AS $$
    SELECT e.subject_id,
        CASE WHEN is_ranked THEN (ts_rank(e.search, wanted) * 1000000)::bigint ELSE 0 END
    FROM @entries e
    WHERE (e.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) IS TRUE
        AND (e.locale = wanted_locale) IS TRUE
        AND rustok_scoped_vector(e.scope, e.search) @@ regexp_replace(
            wanted::text, '''([^'']+)''', '''' || substr(wanted_scope, 22) || '_\\1''', 'g'
        )::tsquery
$$
""".strip()

_CREATE_POSTGRES: Final = (
    "ALTER TABLE @entries ADD COLUMN search tsvector GENERATED ALWAYS AS "
    "(rustok_search_vector(configuration, scope, title, keywords, body)) STORED",
    _CREATE_INDEX,
    # Row-level security is forced on the owner, too, as whom the function below runs.
    "CREATE POLICY @entries_owner ON @entries FOR SELECT TO CURRENT_USER USING (true)",
    _FOUND_FUNCTION,
    "REVOKE ALL ON FUNCTION @entries_found(text, tsquery, text, boolean) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION @entries_found(text, tsquery, text, boolean) "
    "TO rustok_app, rustok_system",
)
_DROP_POSTGRES: Final = (
    "DROP FUNCTION IF EXISTS @entries_found(text, tsquery, text, boolean)",
    "DROP POLICY IF EXISTS @entries_owner ON @entries",
    _DROP_INDEX,
    "ALTER TABLE @entries DROP COLUMN IF EXISTS search",
)
_DROP_FUNCTIONS: Final = (
    "DROP FUNCTION IF EXISTS rustok_scoped_vector(text, tsvector)",
    "DROP FUNCTION IF EXISTS rustok_search_vector(text, text, text, text, text)",
)
