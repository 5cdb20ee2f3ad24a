/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Receipts, verified offline (SPEC 4.4): leaf, receipt and the log's key, nothing else. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/pin.h"
#include "cli/sentence.h"
#include "crypto/text.h"

#define RECEIPT_BYTES_MAX 16384
#define PROOF_ENDING      ".tlog-proof"
#define RECEIPTS_ENDING   ".receipts"

struct trust {
    char origin[ORIGIN_MAX + 1];
    struct public_key log_key;
};

static int trust_file(const char *path, struct trust *out)
{
    struct log_pin *pin;
    int rc = pin_read(path, &pin);

    if (rc == CTL_OK && pin == NULL) {
        return fail(CTL_USAGE,
                    _("whose log? give --log-key KEY, or --key FILE whose network file "
                      "names it (%s is not there)"),
                    path);
    }
    if (rc == CTL_OK) {
        memcpy(out->origin, pin->origin, sizeof out->origin);
        out->log_key = pin->log_key;
        pin_free(pin);
    }
    return rc;
}

/* From --log-key, from the key's network file, or from the one beside the folder of receipts. */
static int find_trust(const struct ctl *ctl, const struct args *a, const char *file,
                      struct trust *out)
{
    const char *key = args_get(a, "log-key");
    const char *folder = strrchr(file, '/');
    size_t n = folder != NULL ? (size_t)(folder - file) : 0, e = strlen(RECEIPTS_ENDING);
    char *path = NULL;
    int made;

    if (key != NULL) {
        return log_key_parse(key, out->origin, &out->log_key)
                   ? CTL_OK
                   : fail(CTL_USAGE,
                          _("--log-key: \"%s\" is no verifier key; one looks like "
                            "ledger.example.org/brussels+1234abcd+A…"),
                          key);
    }
    if (ctl->key_path != NULL) {
        made = asprintf(&path, "%s.network.json", ctl->key_path);
    } else if (n > e && memcmp(file + n - e, RECEIPTS_ENDING, e) == 0) {
        made = asprintf(&path, "%.*s.network.json", (int)(n - e), file);
    } else {
        return fail(CTL_USAGE, _("whose log? give --log-key KEY, or --key FILE"));
    }
    if (made < 0) {
        return fail(CTL_FAILED, _("no memory"));
    }
    int rc = trust_file(path, out);
    free(path);
    return rc;
}

/* FILE.leaf beside FILE.tlog-proof, or --leaf. */
static char *read_leaf(const struct args *a, const char *file, size_t *n)
{
    const char *given = args_get(a, "leaf");
    size_t len = strlen(file), e = strlen(PROOF_ENDING);
    char *path = NULL, *bytes;

    if (given != NULL) {
        return read_whole_file(given, LEAF_MAX, n);
    }
    if (len > e && strcmp(file + len - e, PROOF_ENDING) == 0) {
        len -= e;
    }
    if (asprintf(&path, "%.*s.leaf", (int)len, file) < 0) {
        return NULL;
    }
    bytes = read_whole_file(path, LEAF_MAX, n);
    free(path);
    return bytes;
}

static void print_result(const struct ctl *ctl, const struct trust *trust, uint64_t index,
                         const struct log_head *head, const char *leaf, size_t leaf_len)
{
    static char words[SENTENCE_SIZE];
    static struct entry entry;
    char root[HEX_SIZE(HASH_BYTES)], when[DAY_SIZE];
    struct refusal why;
    const char *note = "", *end = NULL;
    size_t n = 0;
    int64_t at = 0;

    hex_encode(root, head->root.b, HASH_BYTES);
    if (leaf_split(leaf, leaf_len, &at, &note, &n)) {
        end = memmem(note, n, "\n\n", 2);
    }
    if (ctl->json) {
        json_t *o = json_pack("{s:b,s:s,s:I,s:I,s:s,s:I}", "verified", 1, "origin", trust->origin,
                              "index", (json_int_t)index, "size", (json_int_t)head->size, "root",
                              root, "at", (json_int_t)at);
        print_json(o);
        json_decref(o);
        return;
    }
    moment_words(when, at);
    printf(_("Verified: entry %" PRIu64 " of %s, logged %s, is in the log of %" PRIu64
             " entries with root %s.\n"),
           index, trust->origin, when, head->size, root);
    if (end != NULL && entry_decode(&entry, trust->origin, note, (size_t)(end - note) + 1, &why)) {
        sentence_write(words, sizeof words, &entry, NULL);
        printf("%s\n", words);
    }
}

static int receipt_check(struct ctl *ctl, struct args *a)
{
    const char *file = args_pos(a, 0), *why;
    size_t n, leaf_len;
    struct trust trust;
    struct log_head head;
    uint64_t index;

    int rc = find_trust(ctl, a, file, &trust);
    if (rc != CTL_OK) {
        return rc;
    }
    char *receipt = read_whole_file(file, RECEIPT_BYTES_MAX, &n);
    char *leaf = receipt != NULL ? read_leaf(a, file, &leaf_len) : NULL;
    if (receipt == NULL || leaf == NULL) {
        rc = fail(CTL_NOT_FOUND, _("%s cannot be read: %s"),
                  receipt == NULL ? file : _("the leaf (--leaf FILE)"), strerror(errno));
    } else if (!receipt_verify(receipt, n, leaf, leaf_len, trust.origin, &trust.log_key, &index,
                               &head, &why)) {
        rc = fail(CTL_VERIFY, _("%s does not verify: %s"), file, why);
    } else {
        print_result(ctl, &trust, index, &head, leaf, leaf_len);
    }
    free(receipt);
    free(leaf);
    return rc;
}

static const struct opt verify_opts[] = {
    {"leaf", "FILE", N_("the entry's leaf (else FILE with .leaf)"), false},
    {"log-key", "KEY", N_("the log's verifier key (else the key's network file)"), false},
    {NULL, NULL, NULL, false},
};

const struct verb receipt_verbs[] = {
    {"verify", "FILE", 1, 1, verify_opts, receipt_check, N_("check a receipt, without a server")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
