"""Logs, metrics and trace context for every floor above; imports nothing of rustok."""
