"""Characters that can control a terminal: ranges for regular expressions."""

STEERING = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""Control characters except tab and line feed, and bidirectional controls."""
