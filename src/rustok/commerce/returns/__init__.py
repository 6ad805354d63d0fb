"""Returns: pieces that come back, from the customer's wish to the money.

Refuses: more pieces than were delivered and not returned yet, and paying back before they are here.
"""
