"""Every page of the book as a reader opens it."""

from __future__ import annotations

import reader_checks as checks


def test_console_is_silent(seen, name):
    assert checks.console(seen(name)) == []


def test_requests_succeed_and_stay_on_this_host(seen, name):
    page = seen(name)
    assert page.requested
    assert checks.requests(page) == []


def test_images_load_and_are_described(seen, name):
    assert checks.images(seen(name)) == []


def test_formulas_are_set(seen, name):
    assert checks.math(seen(name)) == []


def test_headings_are_in_order(seen, name):
    assert checks.headings(seen(name)) == []


def test_values_in_the_prose_are_numbers(seen, name):
    assert checks.words(seen(name)) == []


def test_landmarks_language_and_title(seen, name):
    assert checks.frame(seen(name)) == []


def test_a_phone_needs_no_sideways_scrolling(seen, name):
    page = seen(name)
    assert page.phone["room"] == checks.PHONE["width"]
    assert checks.overflow(page) == []


def test_text_stands_out_in_light_and_dark(seen, name):
    page = seen(name)
    assert len(page.contrast["light"]) > 5 and len(page.contrast["dark"]) > 5
    assert checks.contrast(page) == []


def test_figures_fit_the_background(seen, name):
    assert checks.figures(seen(name)) == []


def test_links_lead_somewhere(book, name):
    assert checks.links(book, book / name) == []


def test_targets_are_unique(book, name):
    assert checks.twins(book / name) == []


def test_figures_have_all_their_parts(book, chapter):
    assert checks.figure_parts(book, book / chapter) == []


def test_downloads_are_sound(book, chapter):
    assert checks.downloads(book, book / chapter) == []


def test_measured_values_lead_to_their_claims(book, chapter):
    assert checks.measured(book, book / chapter) == []


def test_no_warning_is_printed_on_a_page(book, chapter):
    page = checks.document(book / chapter)
    assert [output.get_text() for output in page.select(".output.stderr")] == []
