"""The tenant's own view of its events: the log, and what consumers could not apply.

Refuses: tables of its own (outbox and inbox belong to core) and anything across tenants.
"""
