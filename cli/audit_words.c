/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The report of an audit for people: the verdict, then the findings by category. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit_report.h"
#include "cli/duration.h"
#include "cli/i18n.h"
#include "crypto/text.h"

/* --- What a finding means --------------------------------------------------------------------- */

/* How expected and found are to be read. */
enum reading { PLAIN, MINUTES, MOMENT };

static const struct {
    const char *code, *title;
} titles[] = {
    {"leaf_malformed", N_("a leaf is no entry of a log")},
    {"at_mismatch", N_("the time of the leaf is not the one that was signed")},
    {"tick_missing", N_("something was due before, and the clock did not say so")},
    {"tick_not_due", N_("the clock ticked with nothing due")},
    {"tick_time", N_("the clock's entry has another time than its leaf")},
    {"tick_count", N_("the clock counted another number of things due")},
    {"tick_effects", N_("the clock states other effects than the rules give")},
    {"tick_totals", N_("the clock states other totals than the entries give")},
    {"tick_id", N_("the clock's entry has another id than it must have")},
    {"seal_missing", N_("a seal of the balances is overdue")},
    {"seal_early", N_("a seal right behind another")},
    {"seal_time", N_("a seal has another time than it must have")},
    {"seal_size", N_("a seal speaks of another size than its own place")},
    {"seal_accounts", N_("a seal counts another number of accounts")},
    {"seal_root", N_("a seal states other balances than the entries give")},
    {"seal_id", N_("a seal has another id than it must have")},
    {"invariant_broken", N_("the figures do not add up")},
    {"checkpoint_malformed", N_("the checkpoint is none")},
    {"checkpoint_signature", N_("the checkpoint is not signed by the log's key")},
    {"size_mismatch", N_("there are more or fewer entries than the checkpoint says")},
    {"root_mismatch", N_("the entries do not make the root that was signed")},
    {"tile_missing", N_("a tile of hashes is missing")},
    {"tile_mismatch", N_("a tile holds other hashes than the entries make")},
    {"bundle_missing", N_("a bundle of entries is missing")},
    {"bundle_malformed", N_("a bundle of entries cannot be read")},
    {"receipt_malformed", N_("a receipt or head that was held does not verify")},
    {"receipt_leaf", N_("another entry stands where the receipt has ours")},
    {"head_fork", N_("the log's key signed another history: this head that was held")},
    {"refusal_malformed", N_("a signed refusal that was held does not verify")},
    {"refused_logged", N_("a text that was refused for good stands in the log")},
    {"refusal_unfounded", N_("a text was refused that the rules let pass")},
};

static const char *title_of(const char *word)
{
    enum code code;

    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        if (strcmp(titles[i].code, word) == 0) {
            return _(titles[i].title);
        }
    }
    return code_find(word, &code) ? code_title(code) : word;
}

static enum reading reading_of(const struct audit_finding *f)
{
    static const char *const minutes[] = {"key_ceiling", "hours_over_agreement",
                                          "change_below_recorded", "reverse_too_much",
                                          "limit_crossed", "pool_over_position"};
    static const char *const moments[] = {"id_time",    "expired",     "valid_until_too_far",
                                          "time_order", "at_mismatch", "expires_out_of_range",
                                          "tick_time",  "seal_time"};

    for (size_t i = 0; i < sizeof minutes / sizeof minutes[0]; i++) {
        if (strcmp(f->code, minutes[i]) == 0) {
            return MINUTES;
        }
    }
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        if (strcmp(f->code, moments[i]) == 0) {
            return MOMENT;
        }
    }
    bool counted = strcmp(f->code, "tick_totals") == 0 && strcmp(f->field, "orgs") != 0;
    counted = counted ||
              (strcmp(f->code, "assertion_false") == 0 && strstr(f->field, "exchanges") == NULL);
    return counted ? MINUTES : PLAIN;
}

#define VALUE_SIZE (sizeof(((struct audit_finding *)0)->found) + DAY_SIZE)

static const char *in_words(char out[static VALUE_SIZE], const char *value, enum reading reading)
{
    char *end, words[DAY_SIZE];
    long long n = strtoll(value, &end, 10);

    if (reading == PLAIN || value[0] == '\0' || *end != '\0') {
        return value;
    }
    if (reading == MINUTES) {
        duration_format(words, n);
    } else if (n >= 0 && n <= INTEGER_MAX) {
        moment_words(words, n);
    } else {
        return value;
    }
    snprintf(out, VALUE_SIZE, "%s", words);
    return out;
}

/* --- Findings --------------------------------------------------------------------------------- */

/* Text of a log, with nothing in it that a terminal would obey. */
static void put_plain(FILE *out, const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        /* U+0080 to U+009F are control characters too: 0xc2 and a byte below 0xa0. */
        bool control = c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)s[1] < 0xa0);
        fputc(control ? '?' : c, out);
        s += control && c == 0xc2 && s[1] != '\0';
    }
}

static size_t count_consequences(const struct audit_report *r, const struct audit_finding *f)
{
    size_t n = 0;

    for (size_t i = 0; f->has_index && i < r->n_consequences; i++) {
        n += r->consequences[i]->of == f->index;
    }
    return n;
}

static void put_value(FILE *out, const char *what, const char *value, enum reading reading)
{
    char room[VALUE_SIZE];

    if (value[0] != '\0') {
        fprintf(out, "      %s: ", what);
        put_plain(out, in_words(room, value, reading));
        fputc('\n', out);
    }
}

static void put_finding(const struct audit_report *r, const struct audit_finding *f, FILE *out)
{
    char time[DURATION_SIZE];
    enum reading reading = reading_of(f);
    size_t n = count_consequences(r, f);

    if (f->has_index) {
        fprintf(out, _("  entry %" PRIu64 "%s"), f->index, f->entry[0] != '\0' ? ", " : "");
        put_plain(out, f->entry);
    } else {
        fputs("  ", out);
        put_plain(out, f->field);
    }
    fprintf(out, ": %s (%s)\n", title_of(f->code), f->code);
    if (f->has_index) {
        put_value(out, _("where"), f->field, PLAIN);
    }
    put_value(out, _("expected"), f->expected, reading);
    put_value(out, _("found"), f->found, reading);
    if (f->minutes > 0) {
        duration_format(time, f->minutes);
        fprintf(out, _("      at stake: %s\n"), time);
    }
    if (n > 0) {
        fprintf(out,
                ngettext("      %zu later refusal only follows from this\n",
                         "      %zu later refusals only follow from this\n", n),
                n);
    }
}

static void put_findings(const struct audit_report *r, FILE *out)
{
    static const char *const categories[] = {"form",         "signature", "sequence", "network",
                                             "organisation", "reference", "exchange", "clock",
                                             "seal",         "invariant", "tree",     "held"};

    for (size_t c = 0; c < sizeof categories / sizeof categories[0]; c++) {
        bool any = false;
        for (size_t i = 0; i < r->n_findings; i++) {
            if (strcmp(audit_category(r->findings[i]->code), categories[c]) == 0) {
                if (!any) {
                    fprintf(out, "\n%s\n", categories[c]);
                }
                any = true;
                put_finding(r, r->findings[i], out);
            }
        }
    }
}

/* --- All -------------------------------------------------------------------------------------- */

static void put_figures(const struct audit_report *r, FILE *out)
{
    char root[HEX_SIZE(HASH_BYTES)], given[DURATION_SIZE], received[DURATION_SIZE];
    struct sums sums;

    hex_encode(root, r->figures.root.b, HASH_BYTES);
    state_sums(audit_state(r->audit), &sums);
    duration_format(given, sums.given);
    duration_format(received, sums.received);
    fprintf(out,
            _("%" PRIu64 " entries, root %s\n%" PRIu64 " applied, %" PRIu64
              " signatures verified; %" PRIu32 " organisations gave %s and received %s\n"),
            r->figures.size, root, r->figures.entries, r->figures.signatures, sums.orgs, given,
            received);
    if (r->has_since) {
        fprintf(out, _("Went on from entry %" PRIu64 ", which an earlier audit reached.\n"),
                r->since);
    }
    if (r->figures.demo) {
        fputs(_("This is a demo network: the times of its entries are its own.\n"), out);
    }
}

void report_write_words(const struct audit_report *r, FILE *out)
{
    char why[UNMADE_WHY_SIZE];

    if (r->n_findings == 0) {
        fprintf(out, _("%s: nothing found. Every entry obeys the rules.\n"), r->origin);
    } else {
        fprintf(out,
                ngettext("%s: %zu finding. The log does not hold.\n",
                         "%s: %zu findings. The log does not hold.\n", r->n_findings),
                r->origin, r->n_findings);
    }
    put_figures(r, out);
    put_findings(r, out);
    fputs(_("\nNot checked:\n"), out);
    for (int i = 0; i < N_UNMADE; i++) {
        if (r->unmade[i]) {
            unmade_why(why, r, (enum unmade)i);
            fprintf(out, "  %s\n", _(why));
        }
    }
}
