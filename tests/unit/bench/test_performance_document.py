import json
import re
from pathlib import Path
from xml.etree import ElementTree

from bench import document
from bench.table import failed, row

RATE = {"median": 2000.0, "min": 1900.0, "max": 2100.0}
FIGURES = {
    "throughput": {"M": RATE, "HB": RATE},
    "calibration": {"H1": RATE},
    "comparison": {"bare Celery": RATE, "another": {"skipped": "no npm"}},
    "soak": {
        "minutes": [0, 30, 60],
        "memory_mib": {"relay": [50.0, 60.0, 60.0], "worker child 1": [70.0, None, 75.0]},
        "completed_per_minute": [1000, 1200, 900],
    },
}


def written(folder: Path, figures: dict, rows: list[dict]) -> str:
    results = folder / "run.json"
    results.write_text(json.dumps({"measured": "2026-01-01", "cores": 2, "runs": 3, "figures": figures, "rows": rows}))
    return document.write(results, folder / "performance.md").read_text()


def test_a_full_run_is_told_with_what_it_missed(tmp_path):
    text = written(tmp_path, FIGURES, [row("a ratio", 0.59994, 0.6), row("a time", 0.5, most=1)])
    assert "| a ratio | 0.5999 | >= 0.6 | NOT MET |" in text
    assert "| a time | 0.5 | <= 1 | met |" in text
    assert "| bare Celery | 2,000 | 1,900 | 2,100 | 1.0 | ████████████████████████ |" in text
    assert "skipped: no npm" in text
    assert all(f"| {name} | 2,000 | 1,900 | 2,100 |" in text for name in ("M", "HB", "H1"))
    assert "1,000 (median), 900 to 1,200" in text
    plot = ElementTree.parse(tmp_path / "performance-memory.svg").getroot()
    names = [element.text for element in plot.iter("{http://www.w3.org/2000/svg}text")]
    assert {"relay", "worker child 1", "MiB", "60", "75"} <= set(names)
    assert len(list(plot.iter("{http://www.w3.org/2000/svg}polyline"))) == 2


def test_what_could_not_be_measured_is_said_and_has_no_section(tmp_path):
    text = written(tmp_path, {"soak": {"failed": "no room"}}, [failed("soak", "no room")])
    assert "| soak: no room | none | a figure | NOT MET |" in text
    assert text.count("## ") == 1


def test_each_table_and_plot_is_introduced_by_sentences(tmp_path):
    text = written(tmp_path, FIGURES, [row("a ratio", 0.7, 0.6)])
    sections = text.split("\n## ")[1:]
    assert len(sections) == 4
    for section in sections:
        introduction = re.split(r"\n(?:\||!\[)", section)[0].partition("\n")[2].strip()
        assert introduction.count(".") >= 1, section
        assert introduction[-1] in ".:", section


def test_the_committed_document_says_what_the_next_one_will():
    committed = document.DOCUMENT.read_text()
    for template in (document.HEAD, document.PEERS, document.RATES, document.SOAK):
        for sentence in re.split(r"{[^}]*}", template):
            assert sentence in committed
