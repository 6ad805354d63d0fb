"""The catalogue: products with variants, texts and pictures, and the categories and collections they are in.

Refuses: prices (pricing), stock (inventory) and what a shopper's listing looks like (index).
"""
