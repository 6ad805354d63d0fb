"""Wire shapes of the catalogue, one file per kind of thing."""
