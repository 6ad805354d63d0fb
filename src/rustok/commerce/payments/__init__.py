"""Payments: what was asked for, captured and paid back for an order, and by which means.

Refuses: knowing what was bought. A provider is a person who saw the money ("manual"), or a company
that is asked through a gate, never inside a transaction.
"""
