"""Carts: what a customer means to buy, at live prices, until checkout or until it is forgotten.

Refuses: promising stock or prices; both are settled at checkout.

The id of a cart is the key to it: whoever knows the id of an anonymous cart may use it. So cart ids
are random (UUIDv4, 122 bits from the system's source), unlike all other ids here, which tell their
time and could be guessed from their neighbours.
"""
