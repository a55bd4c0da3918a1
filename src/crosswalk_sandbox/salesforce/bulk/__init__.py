"""Bulk API 2.0: jobs that write or read many records in the background, with CSV in and out.

May import the org, its rules and its query language, and nothing that serves HTTP but `endpoints`. Start with `jobs`
(what a job is, and its states); `csv_rows` has the rules for files, `ingest` and `extract` do the work, `endpoints`
are the calls.

A job works in slices of a few milliseconds on the event loop, and reads in a thread, so other calls go on meanwhile.
"""
