"""Goals beside measurements, as rows of a table."""

# Under this name a part of a run has the reason why it did not come to its end.
FAILED = "failed"


def row(what: str, measured: float, least: float | None = None, most: float | None = None) -> dict:
    expected = f">= {least:g}" if least else f"<= {most:g}" if most else ""
    met = (least is None or measured >= least) and (most is None or measured <= most)
    return {"what": what, "measured": float(f"{measured:.4g}"), "expected": expected, "met": met}


def failed(what: str, why: str) -> dict:
    """Return the row of a measurement that did not come to its end."""
    return {"what": f"{what}: {why}", "measured": None, "expected": "a figure", "met": False}


def render(table: list[dict]) -> str:
    lines = ["| what | measured | expected | |", "|---|---:|---:|---|"]
    for r in table:
        verdict = "" if not r["expected"] else "met" if r["met"] else "NOT MET"
        measured = "none" if r["measured"] is None else f"{r['measured']:,g}"
        lines.append(f"| {r['what']} | {measured} | {r['expected']} | {verdict} |")
    return "\n".join(lines)
