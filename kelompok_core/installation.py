"""Making an installation: the folder of its state, and settings to begin with."""

from kelompok_core.settings import Settings

_SETTINGS = """\
# Settings of this installation. All there are: docs/operating.md and examples/kelompok.toml of the project.

[imports]
# date_order = "dmy"            # 03/04/2024 is the third of April; else a day above 12 has to prove it
# timezone = "Asia/Jakarta"     # of times without a zone
# phone_country = "ID"          # of phone numbers without a country's code
"""


def make_installation(settings: Settings) -> bool:
    """Make the home and the settings file where they are missing; return whether anything was."""
    is_new = make_home(settings)
    if settings.config_file.exists():
        return is_new
    settings.config_file.parent.mkdir(parents=True, exist_ok=True)
    settings.config_file.write_text(_SETTINGS, "utf-8")
    return True


def make_home(settings: Settings) -> bool:
    """Make the home where it is missing; return whether it was.

    It holds passwords and received files: version control is told to leave it alone.
    """
    is_new = not settings.home.is_dir()
    settings.home.mkdir(parents=True, exist_ok=True)
    ignored = settings.home / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", "utf-8")
    return is_new


def is_untouched(settings: Settings) -> bool:
    """Return whether the settings file is as it was made: nobody has set anything yet."""
    return settings.config_file.exists() and settings.config_file.read_text("utf-8") == _SETTINGS
