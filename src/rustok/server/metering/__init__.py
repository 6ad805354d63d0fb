"""Feeds the metrics from what the platform's seams tell, and shows them to whom they are for.

Refuses: deciding anything; without it the platform does the same work unseen.
"""
