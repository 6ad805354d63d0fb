"""Makes the alerts, their tests and runbooks, and the dashboards, from one declaration of each.

Refuses: being edited in the outcome. `python -m tools.observability` writes, `--check` compares.
"""
