"""Prices of variants, one per currency, with a crossed-out price and a sale window.

Refuses: discounts by coupon or rule (promotions), tax (taxes) and conversion between currencies.
"""
