"""Inventory: how many pieces lie where, what is promised to orders, and the ledger that proves it.

Refuses: prices, titles and the reasons why somebody orders; variants are known by id only.
"""
