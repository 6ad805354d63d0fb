"""Keys, provider requests and batches: pure, no I/O."""
