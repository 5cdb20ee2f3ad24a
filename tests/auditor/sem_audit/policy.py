# SPDX-License-Identifier: AGPL-3.0-or-later
"""The keys of a policy document and their ranges: the table of SPEC 8.3."""

RANGES = {
    "agreement_days_max": (1, 1098),
    "entry_days_max": (1, 90),
    "id_skew_minutes": (1, 1440),
    "limit_ceiling": (60, 600_000),
    "limit_floor_base": (60, 600_000),
    "limit_floor_divisor": (1, 1000),
    "limit_floor_max": (60, 600_000),
    "limit_floor_new": (60, 600_000),
    "limit_floor_new_gifts": (0, 100),
    "limit_hard_permille": (1000, 10_000),
    "limit_soft": (0, 1),
    "need_days_max": (1, 366),
    "offer_days_max": (1, 366),
    "pair_cap_minutes": (0, 600_000),
    "pair_cap_permille": (1, 1000),
    "reference_days_max": (366, 1098),
    "seal_every": (16, 100_000),
    "sheet_stale_days": (1, 1098),
    "sponsors_min": (1, 10),
    "urgent_days": (1, 365),
    "urgent_never_blocked": (1, 1),
    "window_days": (365, 365),
}
