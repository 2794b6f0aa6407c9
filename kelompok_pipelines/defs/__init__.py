"""Components: ``dg scaffold defs`` adds a folder with a ``defs.yaml`` for each source."""
