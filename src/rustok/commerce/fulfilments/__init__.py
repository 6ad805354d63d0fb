"""Fulfilments: which pieces of an order travel together, by whom and how far they have come.

Refuses: stock and money, and deciding whether an order may ship.
"""
