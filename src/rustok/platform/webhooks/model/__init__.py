"""What webhooks are made of: endpoints, deliveries, bodies, signatures, the retry schedule. No I/O."""
