#!/bin/bash
# Runs once, when the database is made: the two logins of the program, which own nothing.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set app="$RUSTOK_APP_PASSWORD" --set system="$RUSTOK_SYSTEM_PASSWORD" <<'SQL'
CREATE ROLE rustok_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'app';
CREATE ROLE rustok_system LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'system';
SQL
