"""Components: a folder with a ``defs.yaml`` for each source that ``dg scaffold defs`` adds."""
