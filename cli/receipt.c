/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Receipts: verified offline (SPEC 4.4) with leaf, receipt and the log's key and nothing else, or
 * compared with the live log together with all else that we hold (SPEC 13.4).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/held.h"
#include "cli/held_check.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/pin.h"
#include "cli/sentence.h"
#include "crypto/text.h"

#define RECEIPTS_ENDING ".receipts"

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

static void print_result(const struct ctl *ctl, const struct trust *trust, uint64_t index,
                         const struct log_head *head, const char *leaf, size_t leaf_len)
{
    static char words[SENTENCE_SIZE];
    static struct entry entry;
    char root[HEX_SIZE(HASH_BYTES)], when[DAY_SIZE];
    struct refusal why = {.code = CODE_OK};
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

static int verify_one(struct ctl *ctl, const struct trust *trust, const struct held *h)
{
    struct log_head head;
    const char *why;
    uint64_t index;

    if (h->beside == NULL) {
        return fail(CTL_NOT_FOUND, _("%s: its leaf is not there (--leaf FILE)"), h->path);
    }
    if (!receipt_verify(h->bytes, h->n, h->beside, h->beside_n, trust->origin, &trust->log_key,
                        &index, &head, &why)) {
        return fail(CTL_VERIFY, _("%s does not verify: %s"), h->path, why);
    }
    print_result(ctl, trust, index, &head, h->beside, h->beside_n);
    return CTL_OK;
}

static int add_files(struct args *a, struct held_list *list)
{
    int rc = CTL_OK;

    if (args_get(a, "leaf") != NULL && a->n_pos > 1) {
        return fail(CTL_USAGE, _("--leaf goes with one file"));
    }
    for (int i = 0; i < a->n_pos && rc == CTL_OK; i++) {
        rc = held_add_file(list, args_pos(a, i), args_get(a, "leaf"));
    }
    return rc;
}

static int receipt_verify_files(struct ctl *ctl, struct args *a)
{
    struct held_list list = {0};
    struct trust trust;
    int worst = CTL_OK, rc = find_trust(ctl, a, args_pos(a, 0), &trust);

    rc = rc == CTL_OK ? add_files(a, &list) : rc;
    for (size_t i = 0; i < list.n && rc == CTL_OK; i++) {
        int one = verify_one(ctl, &trust, &list.v[i]);
        worst = one != CTL_OK ? one : worst;
    }
    held_free(&list);
    return rc != CTL_OK ? rc : worst;
}

static int receipt_check(struct ctl *ctl, struct args *a)
{
    struct held_list list = {0};
    int rc;

    if (a->n_pos > 0) {
        rc = add_files(a, &list);
    } else if (ctl->key_path == NULL) {
        return fail(CTL_USAGE, _("which receipts? name them, or the key that they belong to with "
                                 "--key FILE"));
    } else {
        rc = held_add_key(&list, ctl->key_path);
    }
    rc =
        rc == CTL_OK ? held_check(ctl, &list, args_get(a, "log-key"), args_get(a, "evidence")) : rc;
    held_free(&list);
    return rc;
}

static const struct opt verify_opts[] = {
    {"leaf", "FILE", N_("the entry's leaf (else FILE with .leaf)"), false},
    {"log-key", "KEY", N_("the log's verifier key (else the key's network file)"), false},
    {NULL, NULL, NULL, false},
};
static const struct opt check_opts[] = {
    {"log-key", "KEY", N_("the log's verifier key (else the key's network file)"), false},
    {"evidence", "FILE", N_("where to write evidence of a fork"), false},
    {NULL, NULL, NULL, false},
};

const struct verb receipt_verbs[] = {
    {"verify", "FILE ...", 1, ARGS_POS_MAX, verify_opts, receipt_verify_files,
     N_("check receipts, without a server")},
    {"check", "[FILE ...]", 0, ARGS_POS_MAX, check_opts, receipt_check,
     N_("compare what we hold with the live log: all that is kept beside the key, or these files")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
