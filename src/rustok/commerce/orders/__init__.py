"""Orders: what was bought, at which prices, by whom, and how far it has come.

Refuses: moving stock or money; checkout does that beside each step and tells the order.
"""
