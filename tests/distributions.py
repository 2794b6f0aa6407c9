"""Writes distributions with a plugin into a folder, as pip installs them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def install_plugin(
    folder: Path,
    package: str,
    manifest: str | Mapping[str, Any] | None,
    *,
    entry: str = "odd",
    issues: str | Mapping[str, Any] | None = None,
    **modules: str,
) -> None:
    """Write a package with the plugin's manifest and modules (``init`` is its ``__init__``), and its metadata.

    ``issues`` is the content of its ``issues.json``.
    """
    code, info = folder / package, folder / f"{package}-1.0.dist-info"
    code.mkdir(parents=True, exist_ok=True)
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[kelompok.plugins]\n{entry} = {package}\n")
    (code / "__init__.py").write_text(modules.pop("init", ""))
    for name, content in (("kelompok-plugin.json", manifest), ("issues.json", issues)):
        if content is not None:
            (code / name).write_text(content if isinstance(content, str) else json.dumps(content))
    for name, text in modules.items():
        (code / f"{name}.py").write_text(text)
