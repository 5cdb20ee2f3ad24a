# SPDX-License-Identifier: AGPL-3.0-or-later
"""A second, independent auditor of a SEM log, written from SPEC.md alone.

It shares nothing with the server: no code, no generated table, no store. It reads a folder with
the signed checkpoint and the leaves, derives everything again and says where the log departs from
the rules. Clarity goes before speed. Reading order:

    profile, note, ed25519, merkle    the formats: SPEC 2.2, 3.1, 3.2, 4.2, 4.3
    fields, kinds, policy             the form of an entry: SPEC 2.3, 2.4, 6, 8.3
    state, limits, balance, rules/    what an entry needs and does: SPEC 6, 7, 8, 18
    source, replay, doubt, report     the folder, the walk over the leaves, what is said of it
    held, resume, audit               what somebody held, going on later, the whole: SPEC 17
    receipt, evidence                 proofs for who has no log: SPEC 4.4, 17.6
    metrics                           how reciprocity is measured: SPEC 18.1
"""
