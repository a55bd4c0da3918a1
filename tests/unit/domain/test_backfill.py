"""How far a back-fill is, when it gives way, and what is too much."""

from crosswalk.domain.backfill import (
    Outcome,
    Outlook,
    Progress,
    Tally,
    TooMuch,
    gives_way,
    key_hash,
    progress_of,
    spends_too_much,
    too_much,
)
from crosswalk.domain.threshold import Threshold, Thresholds, WriteKind


def test_the_time_left_goes_by_the_rate_of_lately():
    assert progress_of(400_000, 1_000_000, 30_000, 60.0) == Progress(400_000, 1_000_000, 500.0, 1_200.0)


def test_without_anything_finished_lately_nothing_is_said_about_the_time_left():
    assert progress_of(400_000, 1_000_000, 0, 60.0) == Progress(400_000, 1_000_000, None, None)


def test_while_it_rests_there_is_no_rate():
    assert progress_of(400_000, 1_000_000, 30_000, 0.0) == Progress(400_000, 1_000_000, None, None)


def test_a_finished_stage_has_no_time_left():
    assert progress_of(2_000, 2_000, 2_000, 10.0) == Progress(2_000, 2_000, None, 0.0)


def test_nothing_to_do_is_finished():
    assert progress_of(0, 0, 0, 10.0) == Progress(0, 0, None, 0.0)


def test_live_work_goes_first():
    assert gives_way(waiting=1, oldest_s=0.2, unmoved_s=0.2, patient_for_s=0.0)


def test_without_live_work_it_goes_on():
    assert not gives_way(waiting=0, oldest_s=0.0, unmoved_s=0.0, patient_for_s=0.0)


def test_live_work_that_never_ends_but_is_done_in_time_lets_it_in_between():
    assert not gives_way(waiting=50, oldest_s=0.5, unmoved_s=0.1, patient_for_s=10.0)


def test_live_work_that_falls_behind_goes_first_however_long_that_takes():
    assert gives_way(waiting=1_000, oldest_s=45.0, unmoved_s=0.3, patient_for_s=3_600.0)


def test_live_work_that_nobody_does_keeps_nobody_waiting():
    assert not gives_way(waiting=1_000, oldest_s=3_600.0, unmoved_s=10.0, patient_for_s=10.0)


def test_the_last_calls_of_a_day_are_not_for_a_back_fill():
    assert not spends_too_much(59_999, 100_000)
    assert spends_too_much(60_000, 100_000)


def test_what_is_more_than_a_threshold_allows_is_named_the_gravest_first():
    thresholds = Thresholds(
        limits={
            WriteKind.CREATE: Threshold(100, percent=10.0),
            WriteKind.CLEAR: Threshold(10),
            WriteKind.LINK: Threshold(500),
        }
    )
    planned = {WriteKind.CREATE: 600, WriteKind.CLEAR: 11, WriteKind.LINK: 500, WriteKind.UPDATE: 9_000}

    assert too_much(planned, thresholds, linked=5_000) == (
        TooMuch(WriteKind.CLEAR, 11, 10),
        TooMuch(WriteKind.CREATE, 600, 500),
    )


def test_tallies_of_chunks_add_up():
    total, part = Tally(), Tally()
    total.count(Outlook.CREATE, {WriteKind.CREATE})
    part.count(Outlook.CREATE, {WriteKind.CREATE})
    part.count(Outlook.LINK, {WriteKind.LINK, WriteKind.CLEAR})
    part.became(Outcome.WRITTEN, 2)
    part.became(Outcome.OPEN, 0)

    total.add(part)

    assert total.outlooks == {Outlook.CREATE: 2, Outlook.LINK: 1}
    assert total.kinds == {WriteKind.CREATE: 2, WriteKind.LINK: 1, WriteKind.CLEAR: 1}
    assert total.outcomes == {Outcome.WRITTEN: 2}


def test_the_hash_of_a_key_is_the_same_in_every_process_and_fits_a_bigint():
    assert key_hash("ada@example.com") == 7438600334607719399
    assert all(-(2**63) <= key_hash(f"user{number}@example.com") < 2**63 for number in range(1_000))
