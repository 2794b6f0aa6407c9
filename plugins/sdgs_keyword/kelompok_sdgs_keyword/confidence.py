"""Computes confidence from the margin above the threshold, with logistic curves fitted on held-out texts."""

import math

OF_TERMS = (0.4, 0.55)
OF_WORDS = {"id": (0.2, 0.95), "mixed": (-0.2, 0.95), "en": (-0.15, 0.9)}
OF_FEW_WORDS = {"id": (1.0, 0.95), "mixed": (0.6, 0.9), "en": (0.6, 0.9)}
"""Intercept and slope by language. Short texts mention little in passing, so their tags are right more often."""
FEW = 18
SUREST = 0.99


def confidence_of_terms(margin: float) -> float:
    """Return the confidence of a sum of terms."""
    return _logistic(*OF_TERMS, margin)


def confidence_of_words(margin: float, words: int, language: str) -> float:
    """Return the confidence of a sum of words, for a text with this number of words."""
    return _logistic(*(OF_FEW_WORDS if words < FEW else OF_WORDS)[language], margin)


def _logistic(intercept: float, slope: float, margin: float) -> float:
    return round(min(SUREST, 1 / (1 + math.exp(-(intercept + slope * margin)))), 2)
