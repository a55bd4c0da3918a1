"""Writes as rows of CSV, and result files read back."""

from crosswalk.connectors.base import ConflictFound, LinkLost, RetryLater, Written
from crosswalk.connectors.salesforce.bulk_csv import RowResult, files_of, read_results, result_of_row, row_of
from crosswalk.domain.ids import RecordId
from crosswalk.domain.place import Place
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite

LEAD = RecordId("00Q000000000001AAA")


def an_update(**fields: FieldValue) -> RecordWrite:
    writes = tuple(FieldWrite(name, None, new, Reason.CHANGED, Place("", 1)) for name, new in fields.items())
    return RecordWrite(Action.UPDATE, "Lead", LEAD, ("Key__c", "auth0|1"), writes)


def failed(error: str) -> RowResult:
    return RowResult({"Id": LEAD}, LEAD, False, error)


def test_values_are_written_as_the_vendor_reads_them():
    row = row_of(an_update(Title=None, Company="", Rating="Hot", DoNotCall=False, NumberOfEmployees=12, Score__c=0.5))

    assert row == {
        "Title": "#N/A",
        "Company": "#N/A",
        "Rating": "Hot",
        "DoNotCall": "false",
        "NumberOfEmployees": "12",
        "Score__c": "0.5",
        "Id": "00Q000000000001AAA",
    }


def test_rows_of_different_fields_share_a_file_in_which_an_empty_cell_leaves_a_field_alone():
    rows = [{"Title": "a,b", "Id": "1"}, {"Company": 'The "Mill"', "Id": "2"}]

    assert list(files_of(rows)) == [(b'Title,Id,Company\n"a,b",1,\n,2,"The ""Mill"""\n', 2)]


def test_a_file_that_would_be_too_large_is_split_between_rows():
    rows = [{"Title": "x" * 40, "Id": str(number)} for number in range(5)]

    files = list(files_of(rows, largest=100))

    assert [number for _, number in files] == [2, 2, 1]
    assert all(len(content) <= 100 and content.startswith(b"Title,Id\n") for content, _ in files)


def test_result_files_are_read_with_line_breaks_and_quotes_in_their_cells():
    content = (
        b'"sf__Id","sf__Created","Title","Company"\n"00Q1","true","two\nlines","The ""Mill"""\n"00Q2","false","",""\n'
    )

    assert list(read_results(content)) == [
        RowResult({"Title": "two\nlines", "Company": 'The "Mill"'}, "00Q1", True),
        RowResult({}, "00Q2", False),
    ]


def test_an_error_of_a_row_is_classified_like_any_other():
    update = an_update(Title="Buyer")

    lock = result_of_row(update, failed("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access: 001:--"))
    gone = result_of_row(update, failed("ENTITY_IS_DELETED:entity is deleted:--"))
    twice = result_of_row(
        update,
        failed(f"DUPLICATE_VALUE:duplicate value found: Key__c duplicates value on record with id: {LEAD}:Key__c --"),
    )

    assert isinstance(lock, RetryLater)
    assert (lock.code, lock.message) == ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access: 001")
    assert gone == LinkLost("ENTITY_IS_DELETED", "entity is deleted")
    assert isinstance(twice, ConflictFound)
    assert twice.duplicates == (LEAD,)


def test_a_row_that_was_written_names_its_record():
    assert result_of_row(an_update(Title="Buyer"), RowResult({"Id": LEAD}, LEAD, False)) == Written(LEAD, created=False)


def test_an_error_without_a_code_is_tried_again():
    result = result_of_row(an_update(Title="Buyer"), failed("something new"))

    assert isinstance(result, RetryLater)
