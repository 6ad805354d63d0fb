"""Payments: what was asked for, captured and paid back for an order, and by which means.

Refuses: knowing what was bought, and talking to a bank; the only provider so far is a person who
saw the money ("manual").
"""
