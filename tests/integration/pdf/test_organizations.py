"""Organizations print side by side: none meets another in a renderer, waits for its crash, or takes its place."""

import threading

import pytest

from domain.pdf import rendering
from domain.pdf.rendering import RenderingFailed, ShareInUse
from tests.integration.pdf.renderers import pids, render_pdf, text_of
from tests.waiting import wait_until


def test_a_renderer_prints_for_one_organization_ever():
    render_pdf("<p>1</p>", 101)
    used = pids()
    printed = []
    for organization_id in (102, 103, 102, 104, 101):
        before = pids()
        render_pdf("<p>next</p>", organization_id)
        printed.append((organization_id, pids() - before))
        wait_until(lambda: len(pids()) <= rendering.SLOTS)
    assert [bool(new) for _, new in printed] == [True, True, False, True, True]
    assert not any(new & used for _, new in printed)


def test_an_organization_that_prints_alone_keeps_its_renderer():
    render_pdf("<p>1</p>", 105)
    before = pids()
    for _ in range(5):
        render_pdf("<p>again</p>", 105)
    assert pids() == before


def test_a_document_that_crashes_its_renderer_is_refused_alone():
    outcomes = {}

    def crash():
        with pytest.raises(RenderingFailed, match="crashes"):
            render_pdf("<p style='font-size: 1e9px'>x</p>", 106)

    def go_on():
        outcomes["texts"] = [render_pdf(f"<p>{number}</p>", 107) for number in range(20)]

    threads = [threading.Thread(target=go_on), threading.Thread(target=crash)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [text_of(pdf) for pdf in outcomes["texts"]] == [str(number) for number in range(20)]
    assert text_of(render_pdf("<p>next</p>", 106)) == "next"


def test_while_another_prints_an_organization_is_told_at_once_that_it_has_its_half():
    places = rendering._renderers._places
    with places.place(108, 0, False), places.place(109, 0, False), pytest.raises(ShareInUse):
        render_pdf("<p>x</p>", 108, timeout=600)


def test_the_renderers_of_this_system_are_enclosed_whole():
    assert rendering.denied() == []
