"""Docstrings in three styles."""

import pytest

from consumers.sampler.importers.docstrings import Docstring, Parameter, parse

GOOGLE = """Book a table.

    Asks the restaurant: it may say no.

    Args:
        guests (int, optional): How many.
            At most eight.
        where (dict[str, list(int)]): Map of
            places.
        **more: The rest.

    Returns:
        Booking | None: What was booked.

    Raises:
        ValueError: Never.

    It goes on after the sections.
    """
NUMPY = """Book a table.

    Asks the restaurant: it may say no.

    Parameters
    ----------
    guests : int, optional
        How many.
        At most eight.
    where, at : dict[str, list(int)]
        Map of

        places.
    bare

    Returns
    -------
    Booking
        What was booked.

    Examples
    --------
    Nothing here counts.
    """
SPHINX = """Book a table.

    Asks the restaurant: it may say no.

    :param int guests: How many.
        At most eight.
    :param where: Map of places.
    :type where: dict[str, list(int)]
    :raises ValueError: Never.
    :returns: What was booked.
    :rtype: Booking
    """
TEXT = "Book a table.\n\nAsks the restaurant: it may say no."
WHERE = Parameter("Map of places.", "dict[str, list(int)]")


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_every_style_says_the_same(text):
    found = parse(text)
    assert found.description.startswith(TEXT)
    assert found.parameters["guests"] == Parameter("How many. At most eight.", "int")
    assert found.parameters["where"] == WHERE
    assert found.returns == "What was booked."


def test_text_around_the_sections_is_description():
    assert parse(GOOGLE).description == f"{TEXT}\n\nIt goes on after the sections."
    assert parse(NUMPY).description == parse(SPHINX).description == TEXT


def test_stars_names_in_a_row_and_bare_names_are_parameters():
    assert parse(GOOGLE).parameters["more"] == Parameter("The rest.")
    assert parse(NUMPY).parameters["at"] == WHERE
    assert parse(NUMPY).parameters["bare"] == Parameter("")


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_no_docstring_says_nothing(text):
    assert parse(text) == Docstring()


@pytest.mark.parametrize(
    "text",
    ["Note: this is text.", "Do it:\n\n- one\n- two", "Time is 12:30:00.", "A\n---\nB", "Example of use: x"],
)
def test_text_without_sections_is_all_description(text):
    assert parse(text) == Docstring(description=text)


def test_the_result_without_a_type_is_kept_whole():
    assert (
        parse("Do.\n\nReturns:\n    A list of two: first and last.").returns
        == "A list of two: first and last."
    )
