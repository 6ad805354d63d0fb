"""Checkout: the workflows that cross features, each step of an order beside what it does to stock and money.

Refuses: tables of its own and steps outside the caller's transaction; all of a workflow or none.
"""
