# SPDX-License-Identifier: AGPL-3.0-or-later
"""python3 -m sem_audit FOLDER [--log-key KEY] [--json]; exit 0 clean, 7 with findings, 1 no log."""
import argparse
import json
import sys

from sem_audit import note
from sem_audit.audit import audit
from sem_audit.report import words
from sem_audit.source import Unusable

FINDINGS = 7


def main():
    parser = argparse.ArgumentParser(prog="sem_audit", description="Audit the log of a network.")
    parser.add_argument("folder", help="checkpoint, and tile/ or leaves.jsonl")
    parser.add_argument("--log-key", help="the log's verifier key: NAME+ID+BASE64")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    args = parser.parse_args()
    try:
        document = audit(args.folder, args.log_key)
    except (Unusable, OSError, note.Malformed) as error:
        print(error, file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        print("\n".join(words(document)))
    return FINDINGS if document["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())
