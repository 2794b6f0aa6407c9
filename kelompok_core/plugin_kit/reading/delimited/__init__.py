"""Delimited text: from bytes to rows of cells."""
