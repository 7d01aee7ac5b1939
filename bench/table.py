"""What was expected beside what was measured, as rows of a table."""


def row(what: str, measured: float, least: float | None = None, most: float | None = None) -> dict:
    expected = f">= {least:g}" if least else f"<= {most:g}" if most else ""
    met = (least is None or measured >= least) and (most is None or measured <= most)
    return {"what": what, "measured": round(measured, 2), "expected": expected, "met": met}


def render(table: list[dict]) -> str:
    lines = ["", "| what | measured | expected | |", "|---|---:|---:|---|"]
    for r in table:
        verdict = "" if not r["expected"] else "met" if r["met"] else "NOT MET"
        lines.append(f"| {r['what']} | {r['measured']:,} | {r['expected']} | {verdict} |")
    return "\n".join(lines)
