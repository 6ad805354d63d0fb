"""Points for paid orders.

Refuses: deciding what a point is worth, and knowing anything of orders beyond their events.
"""
