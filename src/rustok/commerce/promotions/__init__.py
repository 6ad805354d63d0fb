"""Promotions: what is taken off a cart, for whom, until when and how often; coupons open them.

Refuses: carts and orders; it is given lines with amounts and says what comes off each.
"""
