"""The door to the audit log: what is recorded of an action, and how it gets written with the action.

Refuses: the chain itself, reading and retention (platform.audit); it only makes sure that nothing
is done without its record.
"""
