"""Every query on webhooks."""
