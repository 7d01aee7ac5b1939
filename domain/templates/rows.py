from html import escape


def row(kind: str, label: str, value: str | None) -> str:
    """Return the HTML of a label and its value, or nothing where there is no value."""
    if not value:
        return ""
    prefix = f'<span class="label">{escape(label)}</span> ' if label else ""
    return f'<div class="row {kind}">{prefix}<span class="value">{escape(value)}</span></div>'
