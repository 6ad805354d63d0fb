"""The use cases of purging a CDN: recording what changed, and telling the provider."""
