"""The use cases of webhooks: administering endpoints, keeping deliveries, sending what is due."""
