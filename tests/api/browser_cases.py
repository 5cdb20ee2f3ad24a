# SPDX-License-Identifier: AGPL-3.0-or-later
"""An entry signed with WebCrypto, as a browser does it, is an entry like any other."""
import json
import pathlib
import subprocess

from fixtures import Case, share
from semclient import day_of, note, now_ms

SCRIPT = pathlib.Path(__file__).with_name("sign_entry.mjs")
# golang/mod sumdb/note, restated: seed, text and the line that its key PeterNeumann gives.
SEED = "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173"
TEXT = ("If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n")
LINE = ("— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngot"
        "pRZb6KE6RyyBwJnAM=\n")


def webcrypto_note(text, signers):
    asked = json.dumps({"text": text, "signers": signers})
    done = subprocess.run(["node", str(SCRIPT)], input=asked, capture_output=True, text=True,
                          encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


class WebCrypto(Case):
    def test_an_outside_vector(self):
        made = webcrypto_note(TEXT, [{"name": "PeterNeumann", "seed": SEED}])
        self.assertEqual(made, TEXT + "\n" + LINE)

    def test_an_entry_of_two_signers_is_accepted(self):
        net = self.started.network()
        text = net.text("hours.record", "orme", day=day_of(now_ms()),
                        shares=[share("noyer", "orme", 45)])
        keys = [net.key(handle) for handle in ("noyer", "orme")]
        made = webcrypto_note(text, [{"name": key.name, "seed": bytes(key.secret).hex()}
                                     for key in keys])
        self.assertEqual(made, note(text, keys))
        self.accepted(net.client.post("/v1/entries", made))

    def test_a_text_changed_after_signing_is_refused(self):
        net = self.started.network()
        text = net.text("org.confirm", "orme")
        made = webcrypto_note(text, [{"name": net.key("orme").name,
                                      "seed": bytes(net.key("orme").secret).hex()}])
        with self.nothing_written(net):
            changed = made.replace('"valid_until":1', '"valid_until":2', 1)
            self.refused(net.client.post("/v1/entries", changed), "signature_invalid")
