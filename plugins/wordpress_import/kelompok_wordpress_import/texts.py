"""Makes texts of WordPress fit: paragraphs, blocks, short codes."""

import re

_BLOCK = re.compile(r"<(?:p|div|ul|ol|li|h[1-6]|table|blockquote|figure|pre|section|article|hr|dl)\b", re.IGNORECASE)
_BLOCK_COMMENT = re.compile(r"<!--\s*/?wp:[^>]*?-->\n?")
_SHORT_CODE = re.compile(r"\[/?([a-z][a-z0-9_-]{2,40})(?:\s[^\[\]]{0,2000})?\]")
_BLANK_LINES = re.compile(r"\n\s*\n")


def as_html(content: str) -> str:
    """Return content with paragraphs between blank lines, where no block markup stands, and without block comments."""
    text = _BLOCK_COMMENT.sub("", content.replace("\r\n", "\n")).strip()
    if not text or _BLOCK.search(text):
        return text
    paragraphs = (paragraph.strip().replace("\n", "<br>\n") for paragraph in _BLANK_LINES.split(text))
    return "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs if paragraph)


def short_codes(content: str) -> list[str]:
    """Return the names of short codes, such as ``gallery``, each once."""
    return list(dict.fromkeys(_SHORT_CODE.findall(content)))
