"""Writes drafts into a tenant, through the features' own doors; one draft is whole or not there.

Refuses: SQL, files and transactions of its own; the run that calls a writer opens and ends them.
"""
