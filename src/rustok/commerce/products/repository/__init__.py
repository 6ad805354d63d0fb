"""Every query on the catalogue, split by what it reads: products, their parts, categories, collections."""
