"""How a part says that it works."""

import sys


def say_ready(part: str) -> None:
    """Tell the process that started this part that it works; past Celery, which takes sys.stdout for its log."""
    import settings
    from local.output import json_line

    line = f"{part} ready"
    as_json = settings.current().log == "json"
    print(json_line(part, line) if as_json else line, file=sys.__stdout__, flush=True)
