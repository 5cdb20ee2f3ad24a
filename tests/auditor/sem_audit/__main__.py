# SPDX-License-Identifier: AGPL-3.0-or-later
"""python3 -m sem_audit FOLDER [OPTIONS]; exit 0 clean, 7 with findings, 5 no log."""
import argparse
import sys

from sem_audit import note
from sem_audit.audit import audit
from sem_audit.refusal import CATEGORY, NOT_WAIVABLE
from sem_audit.report import text, words
from sem_audit.source import Unusable

NO_LOG, FINDINGS = 5, 7


def options():
    parser = argparse.ArgumentParser(prog="sem_audit", description="Audit the log of a network.")
    parser.add_argument("folder", help="checkpoint, and tile/ or leaves.jsonl")
    parser.add_argument("--log-key", help="the log's verifier key: NAME+ID+BASE64")
    parser.add_argument("--held", action="append", default=[], metavar="DIR",
                        help="a folder of receipts, checkpoints and refusals")
    parser.add_argument("--witness", action="append", default=[], metavar="VKEY",
                        help="a witness whose cosignature counts")
    parser.add_argument("--waive", choices=sorted(set(CATEGORY) - NOT_WAIVABLE), metavar="CODE",
                        help="leave this check out")
    parser.add_argument("--since", metavar="FILE", help="go on from what --save wrote")
    parser.add_argument("--save", metavar="FILE", help="write what is needed to go on later")
    parser.add_argument("--key", metavar="SEEDFILE", help="64 hex digits: the auditor's own key")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    args = parser.parse_args()
    if (args.since or args.save) and not args.key:
        parser.error("--since and --save need --key")
    return args


def main():
    args = options()
    try:
        key = None
        if args.key:
            with open(args.key, encoding="ascii") as file:
                key = bytes.fromhex(file.read())
        document = audit(args.folder, args.log_key, args.held, args.waive, args.since, args.save,
                         key, args.witness)
    except (Unusable, OSError, ValueError, note.Malformed) as error:
        print(error, file=sys.stderr)
        return NO_LOG
    if args.json:
        sys.stdout.write(text(document))
    else:
        print("\n".join(words(document)))
    return FINDINGS if document["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())
