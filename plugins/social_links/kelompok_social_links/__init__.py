"""Finds websites and accounts in columns and text; see README.md."""
