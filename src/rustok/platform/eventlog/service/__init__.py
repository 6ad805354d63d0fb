"""Reading the own event log, following it live, and a second chance for dead letters."""
