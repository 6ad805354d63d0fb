"""Use cases of mail: queueing and looking, and the worker that sends."""
