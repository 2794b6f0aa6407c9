"""Converts places to official names and codes; see README.md."""
