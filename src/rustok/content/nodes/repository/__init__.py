"""Every query on nodes, their texts, revisions and kinds."""
