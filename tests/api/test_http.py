#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The black box over HTTP: all `*_cases.py` in one process, so that the last of them can ask
whether every documented route, status and code was seen, each answer held to the schema."""
import contextlib
import unittest

import balance_cases
import browser_cases
import details_cases
import final_cases
import fixtures
import http_cases
import idempotency_cases
import log_cases
import match_cases
import openapi_cases
import preview_cases
import ranking_cases
import reading_cases
import refusal_cases
import rights_cases
import session_cases
import sheet_cases
import store_cases
import story_cases
import sweep_cases
import waiting_cases
import ways_cases
import yearly_cases

MODULES = (story_cases, balance_cases, browser_cases, refusal_cases, preview_cases, idempotency_cases,
           details_cases, rights_cases, reading_cases, sheet_cases, ranking_cases, ways_cases,
           yearly_cases, log_cases, match_cases, http_cases, store_cases,
           sweep_cases, session_cases, waiting_cases, final_cases, openapi_cases)


def load_tests(loader, _standard, _pattern):
    suite = unittest.TestSuite()
    for module in MODULES:
        suite.addTests(loader.loadTestsFromModule(module))
    return suite


def main():
    """The minute that a challenge lives runs while the other suites do."""
    with contextlib.ExitStack() as stack:
        session_cases.Expiry.begin(fixtures.Started(stack.callback))
        unittest.main()


if __name__ == "__main__":
    main()
