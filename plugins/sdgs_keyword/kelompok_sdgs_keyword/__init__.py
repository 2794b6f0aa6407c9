"""Detects the 17 goals in text by a weighted lexicon; see README.md."""
