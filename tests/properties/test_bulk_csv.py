"""Bulk files: what is written is read back, whatever the cells hold."""

from hypothesis import given
from hypothesis import strategies as st

from crosswalk_sandbox.salesforce.bulk.csv_rows import DELIMITERS, LINE_ENDINGS, CsvForm

CELLS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
ROWS = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=5))
FORMS = st.builds(CsvForm, st.sampled_from(sorted(DELIMITERS)), st.sampled_from(sorted(LINE_ENDINGS)))


@given(FORMS, ROWS)
def test_rows_are_read_back_as_they_were_written(form: CsvForm, rows: list[list[str]]) -> None:
    content = form.write("Header") + "".join(form.write(*row) for row in rows)

    assert list(form.read(content.encode())) == [["Header"], *rows]
